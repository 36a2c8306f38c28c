import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Plain from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leafHash, rootOfLeafHashes } from '../../../src/audit/merkle-tree.ts'
import { encodeLeaf } from '../../../src/audit/leaf.ts'
import { MAX_PAYLOAD_BYTES } from '../../../src/audit/payload-commitment.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import type { AuditEntry } from '../../../src/store/audit-entry.ts'
import { MAX_AUDIT_PAGE } from '../../../src/store/audit-log.ts'
import { auditFixture, DEVICE, entry, START_MS, type AuditFixture } from './audit-fixture.ts'

const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
let audit: AuditFixture

beforeEach(() => {
  audit = auditFixture()
})
afterEach(() => audit.remove())

function codeThrownBy(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (err) {
    return codeOf(err)
  }
}

describe('appending', () => {
  test('[AU1] an entry becomes the leaf its type and place say', () => {
    const log = audit.open()
    log.append(entry())
    audit.clock.advance(1500)
    log.append({
      type: 'consent.granted',
      outcome: 'denied',
      actor: { kind: 'user', ref: DEVICE },
      object: { kind: 'consent', ref: 'bb'.repeat(32) },
      trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
      consent: { id: 'cc'.repeat(16), epoch: 7 },
      payload: { purpose: 'to see what the tablet did' },
    })
    const [first, second] = log.list()
    expect(first).toMatchObject({
      seq: 0,
      payload: { kind: 'none' },
      leaf: { type: 'key.created', ret: 'security-1y', mono: 0 },
    })
    expect(second?.leaf).toEqual({
      v: 1,
      type: 'consent.granted',
      seq: 1,
      ts: new Date(START_MS + 1500).toISOString(),
      mono: 1500,
      boot: first?.leaf.boot,
      sev: 'warn',
      outcome: 'denied',
      actor: { kind: 'user', ref: DEVICE },
      object: { kind: 'consent', ref: 'bb'.repeat(32) },
      trace: { trace_id: '0af7651916cd43dd8448eb211c80319c', span_id: 'b7ad6b7169203331' },
      consent: { id: 'cc'.repeat(16), epoch: 7 },
      pc: second?.leaf.pc,
      ret: 'consent-3y',
    })
    expect(second?.payload).toEqual({ kind: 'open', payload: { purpose: 'to see what the tablet did' } })
    log.close()
  })

  test('[AU10] the root is that of the leaves, also after reopening', () => {
    const log = audit.open()
    const hashes = Array.from({ length: 11 }, () => log.append(entry()).leafHash)
    expect(hashes).toEqual(log.list().map(({ leaf }) => leafHash(sha256, encodeLeaf(leaf))))
    expect(log.root()).toEqual(rootOfLeafHashes(sha256, hashes))
    log.close()
    const again = audit.open()
    expect([again.size(), again.root()]).toEqual([11, rootOfLeafHashes(sha256, hashes)])
    hashes.push(again.append(entry()).leafHash)
    expect(again.root()).toEqual(rootOfLeafHashes(sha256, hashes))
    again.close()
  })

  test('[AU14] what was appended is there after the process is gone without closing', () => {
    const log = audit.open()
    log.append(entry({ payload: { n: 1 } }))
    // A second connection sees only what is committed to the files.
    const other = audit.open()
    expect(other.list()[0]?.payload).toEqual({ kind: 'open', payload: { n: 1 } })
    expect(other.verify().ok).toBe(true)
    other.close()
    log.close()
  })

  test('[AU14] several entries are appended in one go, or none of them', () => {
    const log = audit.open()
    log.append(entry())
    const bad = entry({ actor: { kind: 'user', ref: 'Ada' } })
    expect(codeThrownBy(() => log.appendAll([entry({ payload: { a: 1 } }), bad]))).toBe('AUDIT_LEAF_INVALID')
    expect([log.size(), log.verify().ok]).toEqual([1, true])
    expect(log.appendAll([entry(), entry(), entry()]).map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(log.appendAll([])).toEqual([])
    expect([log.size(), log.verify().ok]).toEqual([4, true])
    log.close()
  })

  test('[AU7] the clock of a boot never goes back, and a new run is a new boot', () => {
    const log = audit.open()
    log.append(entry())
    audit.clock.setWall(0)
    log.append(entry())
    log.close()
    const again = audit.open()
    again.append(entry())
    const [a, b, c] = again.list().map(({ leaf }) => leaf)
    expect(b?.ts).toBe('1970-01-01T00:00:00.000Z')
    expect([a?.boot === b?.boot, b?.boot === c?.boot]).toEqual([true, false])
    expect(again.verify().ok).toBe(true)
    again.close()
  })

  test.each([-1, Number.NaN, 8.64e15])('[AU1] a wall clock at %d still makes a leaf', (wallMs) => {
    audit.clock.setWall(wallMs)
    const log = audit.open()
    log.append(entry())
    expect(log.list()[0]?.leaf.ts).toBe('1970-01-01T00:00:00.000Z')
    log.close()
  })

  test('[AU9] a payload at the limit is kept, one byte more is refused', () => {
    const log = audit.open()
    const payload = (bytes: number) => ({ x: 'x'.repeat(bytes - '{"x":""}'.length) })
    log.append(entry({ payload: payload(MAX_PAYLOAD_BYTES) }))
    const code = codeThrownBy(() => log.append(entry({ payload: payload(MAX_PAYLOAD_BYTES + 1) })))
    expect([code, log.size()]).toEqual(['AUDIT_PAYLOAD_TOO_LARGE', 1])
    log.close()
  })

  test('[AU9] a payload that is not JSON is refused', () => {
    const log = audit.open()
    expect(codeThrownBy(() => log.append(entry({ payload: { n: Number.NaN } })))).toBe('AUDIT_JSON_INVALID')
    log.close()
  })
})

describe('reading', () => {
  test('[AU15] a page begins where asked and holds the types asked for', () => {
    const log = audit.open()
    const types = ['key.created', 'module.added', 'key.created', 'module.refused', 'key.created'] as const
    log.appendAll(types.map((type) => entry({ type })))
    const seqs = (...args: Parameters<typeof log.list>) => log.list(...args).map(({ seq }) => seq)
    expect(seqs()).toEqual([0, 1, 2, 3, 4])
    expect(seqs({ fromSeq: 3 })).toEqual([3, 4])
    expect(seqs({ fromSeq: 1, limit: 2 })).toEqual([1, 2])
    expect(seqs({ types: ['key.created'], fromSeq: 1 })).toEqual([2, 4])
    expect(seqs({ types: ['module.added', 'module.refused'] })).toEqual([1, 3])
    expect(seqs({ types: [] })).toEqual([])
    expect(seqs({ limit: -1 })).toEqual([])
    log.close()
  })

  test('[AU15] no answer is longer than a page, and leavesSince turns the pages', () => {
    const log = audit.open()
    log.appendAll(Array.from({ length: MAX_AUDIT_PAGE + 5 }, () => entry()))
    expect(log.list({ limit: 1_000_000 })).toHaveLength(MAX_AUDIT_PAGE)
    const since = Array.from(log.leavesSince(2), ({ seq }) => seq)
    expect(since).toEqual(Array.from({ length: MAX_AUDIT_PAGE + 3 }, (_, i) => i + 2))
    log.close()
  })

  test('[AU15] the log may grow while it is read', () => {
    const log = audit.open()
    log.append(entry())
    const seen: number[] = []
    for (const { seq } of log.leavesSince(0)) {
      seen.push(seq)
      if (seq < 2) log.append(entry())
    }
    expect(seen).toEqual([0, 1, 2])
    log.close()
  })

  test('[AU16] an operation is found by its kind and hash, which is what start-up asks', () => {
    const log = audit.open()
    const ref = 'bb'.repeat(32)
    log.append(entry({ type: 'membership.added', object: { kind: 'membership', ref } }))
    expect(log.hasObject('membership', ref)).toBe(true)
    expect(log.hasObject('consent', ref)).toBe(false)
    expect(log.hasObject('membership', 'bc'.repeat(32))).toBe(false)
    log.close()
  })

  test('[AU16] looking for an object needs no scan', () => {
    const log = audit.open()
    log.append(entry())
    log.close()
    audit.tamper((db) => {
      const plan = db
        .prepare('EXPLAIN QUERY PLAN SELECT 1 FROM leaf WHERE object_ref = ? AND object_kind = ?')
        .get('a', 'b')
      expect(plan).toMatchObject({ detail: expect.stringContaining('leaf_by_object') as unknown })
    })
  })
})

describe('what leaves say', () => {
  test('[AU6] a name can only be in the payload', () => {
    const log = audit.open()
    const named: AuditEntry[] = [
      entry({ actor: { kind: 'user', ref: 'Ada Lovelace' } }),
      entry({ object: { kind: 'device', ref: "Ada's phone" } }),
      entry({ object: { kind: 'endpoint', ref: '127.0.0.1:4318' } }),
      entry({ consent: { id: 'my consent', epoch: 0 } }),
    ]
    expect(named.map((one) => codeThrownBy(() => log.append(one)))).toEqual(named.map(() => 'AUDIT_LEAF_INVALID'))
    log.close()
  })

  test('[AU17] the reference for a name is stable on this device and another under another key', () => {
    const log = audit.open()
    const ref = log.refOf('module', 'core')
    expect(ref).toMatch(/^[0-9a-f]{32}$/)
    expect([log.refOf('module', 'core'), log.refOf('module', 'emotion'), log.refOf('plugin', 'core')]).toEqual([
      ref,
      expect.not.stringMatching(ref),
      expect.not.stringMatching(ref),
    ])
    log.append(entry({ type: 'module.added', object: { kind: 'module', ref }, payload: { name: 'core' } }))
    log.close()
    const again = audit.open()
    expect(again.refOf('module', 'core')).toBe(ref)
    again.close()
    const other = auditFixture()
    const foreign = other.open({ payloadKey: new Uint8Array(32).fill(9) })
    expect(foreign.refOf('module', 'core')).not.toBe(ref)
    foreign.close()
    other.remove()
  })

  test('[AU9] the same payload twice makes two commitments', () => {
    const log = audit.open()
    log.appendAll([entry({ payload: { name: 'Ada' } }), entry({ payload: { name: 'Ada' } })])
    const [a, b] = log.list().map(({ leaf }) => leaf.pc)
    expect(a).not.toBe(b)
    log.close()
  })

  test('[AU14] no file of the log shows a payload or a leaf', () => {
    const log = audit.open()
    log.append(entry({ payload: { name: 'canary-77ab' } }))
    const folder = dirname(audit.path)
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name))
      expect([name, bytes.includes('canary-77ab'), bytes.includes('key.created')]).toEqual([name, false, false])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    }
    log.close()
  })
})

describe('erasing payloads', () => {
  test('[AU18] one class and month goes with its key; leaves, other months and other classes stay', () => {
    const log = audit.open()
    log.append(entry({ payload: { month: 'November' } }))
    log.append(entry({ type: 'consent.granted', payload: { class: 'consent' } }))
    audit.clock.advance(10 * 86_400_000)
    log.append(entry({ payload: { month: 'December' } }))
    log.close()
    audit.tamper((db) => {
      expect(db.prepare('SELECT key_epoch FROM audit_key ORDER BY key_epoch').pluck().all()).toEqual([
        'consent-3y/2026-11',
        'security-1y/2026-11',
        'security-1y/2026-12',
      ])
      db.exec("DELETE FROM audit_payload WHERE key_epoch = 'security-1y/2026-11'")
      db.exec("DELETE FROM audit_key WHERE key_epoch = 'security-1y/2026-11'")
    })
    const again = audit.open()
    expect(again.list().map(({ payload }) => payload)).toEqual([
      { kind: 'erased' },
      { kind: 'open', payload: { class: 'consent' } },
      { kind: 'open', payload: { month: 'December' } },
    ])
    expect(again.verify()).toMatchObject({ ok: true, size: 3, erasedPayloads: 1 })
    again.close()
  })

  test('[AU18] without its key a payload row that was left behind stays closed', () => {
    const log = audit.open()
    log.append(entry({ payload: { a: 1 } }))
    log.close()
    audit.tamper((db) => db.exec('DELETE FROM audit_key'))
    const again = audit.open()
    expect(again.list()[0]?.payload).toEqual({ kind: 'erased' })
    again.close()
  })
})

describe('opening', () => {
  const withOneLeaf = () => {
    const log = audit.open()
    log.append(entry({ payload: { a: 1 } }))
    log.close()
  }

  test('[ST4] a wrong file key and a wrong payload key are told apart from damage', () => {
    withOneLeaf()
    expect(codeThrownBy(() => audit.open({ key: new Uint8Array(32).fill(8) }))).toBe('STORE_WRONG_KEY')
    expect(codeThrownBy(() => audit.open({ payloadKey: new Uint8Array(32).fill(8) }))).toBe('STORE_WRONG_KEY')
    expect(codeThrownBy(() => audit.open({ payloadKey: new Uint8Array(31) }))).toBe('STORE_BAD_KEY')
    audit.open().close()
  })

  test('[ST5] a plain database is refused', () => {
    const plain = new Plain(audit.path)
    plain.exec('CREATE TABLE leaf(seq INTEGER PRIMARY KEY)')
    plain.close()
    expect(codeThrownBy(() => audit.open())).toBe('STORE_NOT_ENCRYPTED')
  })

  test('[ST6] a file cut short is refused', () => {
    withOneLeaf()
    truncateSync(audit.path, statSync(audit.path).size - 1)
    expect(codeThrownBy(() => audit.open())).toBe('STORE_CORRUPT')
  })

  test('[ST8] a log that must exist is not quietly begun anew', () => {
    expect(codeThrownBy(() => audit.open({ mustExist: true }))).toBe('STORE_MISSING')
  })
})

test('[AU19] a payload key that no longer opens stops payloads of its month, and is never replaced', () => {
  const log = audit.open()
  log.append(entry({ payload: { a: 1 } }))
  log.append(entry({ type: 'consent.granted', payload: { b: 1 } }))
  log.close()
  audit.tamper((db) => db.exec("UPDATE audit_key SET wrapped = zeroblob(60) WHERE key_epoch = 'security-1y/2026-11'"))
  const again = audit.open()
  expect(codeThrownBy(() => again.append(entry({ payload: { a: 2 } })))).toBe('STORE_CORRUPT')
  expect(again.size()).toBe(2)
  expect(again.append(entry({ type: 'consent.granted', payload: { b: 2 } })).seq).toBe(2)
  again.close()
})
