import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeLeaf, type AuditLeaf } from '../../../src/audit/leaf.ts'
import { leafHash, rootOfLeafHashes } from '../../../src/audit/merkle-tree.ts'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { codeOf } from '../../../src/base/errors.ts'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import type { Database } from '../../../src/store/open-encrypted.ts'
import { auditFixture, entry, PAYLOAD_KEY, type AuditFixture } from './audit-fixture.ts'

const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
const SIZE = 9
let audit: AuditFixture

beforeEach(() => {
  audit = auditFixture()
  const log = audit.open()
  for (let i = 0; i < SIZE; i++) {
    audit.clock.advance(10)
    log.append(entry(i % 2 === 0 ? { payload: { n: i } } : {}))
  }
  log.close()
})
afterEach(() => audit.remove())

function verdictAfter(work: (db: Database) => void) {
  audit.tamper(work)
  const log = audit.open()
  const verdict = log.verify()
  log.close()
  return verdict
}

const leafAt = (db: Database, seq: number) =>
  new Uint8Array(db.prepare('SELECT bytes FROM leaf WHERE seq = ?').pluck().get(seq) as Uint8Array)
const put = (db: Database, seq: number, bytes: Uint8Array) => {
  db.prepare('UPDATE leaf SET bytes = ? WHERE seq = ?').run(bytes, seq)
}
const changed = (db: Database, seq: number, change: Partial<AuditLeaf>) =>
  encodeLeaf({ ...(JSON.parse(new TextDecoder().decode(leafAt(db, seq))) as AuditLeaf), ...change })

test('[AU20] a log nobody touched verifies, with its size and root', () => {
  const log = audit.open()
  const hashes = log.list().map((record) => record.leafHash)
  expect(log.verify()).toEqual({ ok: true, size: SIZE, root: rootOfLeafHashes(sha256, hashes), erasedPayloads: 0 })
  log.close()
})

test('[AU20] an empty log verifies', () => {
  const empty = auditFixture()
  const log = empty.open()
  expect(log.verify()).toEqual({ ok: true, size: 0, root: sha256(new Uint8Array(0)), erasedPayloads: 0 })
  log.close()
  empty.remove()
})

describe('tampering with the file key in hand', () => {
  test.each<[string, (db: Database) => void, string, number]>([
    [
      'a leaf deleted at the start',
      (db) => db.exec('DELETE FROM audit_payload WHERE seq = 0; DELETE FROM leaf WHERE seq = 0'),
      'AUDIT_SEQ_GAP',
      1,
    ],
    ['a leaf deleted in the middle', (db) => db.exec('DELETE FROM leaf WHERE seq = 3'), 'AUDIT_SEQ_GAP', 4],
    [
      'the last leaf deleted',
      (db) => db.exec('DELETE FROM audit_payload WHERE seq = 8; DELETE FROM leaf WHERE seq = 8'),
      'AUDIT_SIZE_WRONG',
      8,
    ],
    ['every leaf deleted', (db) => db.exec('DELETE FROM audit_payload; DELETE FROM leaf'), 'AUDIT_SIZE_WRONG', 0],
    [
      'a leaf before the first',
      (db) =>
        db.prepare('INSERT INTO leaf(seq, bytes, leaf_hash) VALUES (-1, ?, ?)').run(leafAt(db, 0), new Uint8Array(32)),
      'AUDIT_SEQ_GAP',
      -1,
    ],
    [
      'a leaf moved and the gap closed',
      (db) => {
        db.pragma('foreign_keys = OFF')
        db.exec('DELETE FROM leaf WHERE seq = 3; UPDATE leaf SET seq = 3 WHERE seq = 8')
      },
      'AUDIT_SEQ_WRONG',
      3,
    ],
    [
      'two leaves swapped',
      (db) => {
        const [a, b] = [leafAt(db, 3), leafAt(db, 5)]
        put(db, 3, b)
        put(db, 5, a)
      },
      'AUDIT_SEQ_WRONG',
      3,
    ],
    ['an outcome changed', (db) => put(db, 3, changed(db, 3, { outcome: 'failure' })), 'AUDIT_HASH_WRONG', 3],
    [
      'an outcome and its hash changed',
      (db) => {
        const bytes = changed(db, 3, { outcome: 'failure' })
        put(db, 3, bytes)
        db.prepare('UPDATE leaf SET leaf_hash = ? WHERE seq = 3').run(leafHash(sha256, bytes))
      },
      'AUDIT_ROOT_WRONG',
      SIZE,
    ],
    ['a clock turned back', (db) => put(db, 3, changed(db, 3, { mono: 1 })), 'AUDIT_MONO_BACKWARDS', 3],
    [
      'a leaf written with spaces',
      (db) => put(db, 3, concat(leafAt(db, 3), Uint8Array.of(0x20))),
      'AUDIT_LEAF_INVALID',
      3,
    ],
    ['a leaf cut short', (db) => put(db, 3, leafAt(db, 3).slice(0, -1)), 'AUDIT_LEAF_INVALID', 3],
    ['a leaf emptied', (db) => put(db, 3, new Uint8Array(0)), 'AUDIT_LEAF_INVALID', 3],
    [
      'a hash changed',
      (db) => db.exec('UPDATE leaf SET leaf_hash = zeroblob(32) WHERE seq = 3'),
      'AUDIT_HASH_WRONG',
      3,
    ],
    [
      'the tree state changed',
      (db) => db.prepare('UPDATE tree SET hashes = ?').run(new Uint8Array(64)),
      'AUDIT_ROOT_WRONG',
      SIZE,
    ],
    ['the tree state cut', (db) => db.exec("UPDATE tree SET hashes = x''"), 'AUDIT_ROOT_WRONG', SIZE],
    [
      'the tree state of a smaller log',
      (db) => db.exec('UPDATE tree SET size = 8, hashes = zeroblob(32)'),
      'AUDIT_SIZE_WRONG',
      SIZE,
    ],
    ['the tree state deleted', (db) => db.exec('DELETE FROM tree'), 'AUDIT_SIZE_WRONG', SIZE],
    [
      'a payload deleted and its key kept',
      (db) => db.exec('DELETE FROM audit_payload WHERE seq = 4'),
      'AUDIT_PAYLOAD_MISSING',
      4,
    ],
    [
      'a payload altered',
      (db) => db.exec('UPDATE audit_payload SET ct = zeroblob(40) WHERE seq = 4'),
      'AUDIT_PAYLOAD_ALTERED',
      4,
    ],
    [
      'a payload cut short',
      (db) => db.exec("UPDATE audit_payload SET ct = x'00' WHERE seq = 4"),
      'AUDIT_PAYLOAD_ALTERED',
      4,
    ],
    [
      'a salt altered',
      (db) => db.exec('UPDATE audit_payload SET salt = zeroblob(32) WHERE seq = 4'),
      'AUDIT_PAYLOAD_ALTERED',
      4,
    ],
    [
      'a payload moved to another leaf',
      (db) => db.exec('DELETE FROM audit_payload WHERE seq = 4; UPDATE audit_payload SET seq = 4 WHERE seq = 2'),
      'AUDIT_PAYLOAD_MISSING',
      2,
    ],
    [
      'payloads swapped',
      (db) => {
        db.pragma('foreign_keys = OFF')
        const move = db.prepare('UPDATE audit_payload SET seq = ? WHERE seq = ?')
        for (const [to, from] of [
          [99, 2],
          [2, 4],
          [4, 99],
        ])
          move.run(to, from)
      },
      'AUDIT_PAYLOAD_ALTERED',
      2,
    ],
    [
      'a payload of another epoch',
      (db) => db.exec("UPDATE audit_payload SET key_epoch = 'ops-90d/2026-11' WHERE seq = 4"),
      'AUDIT_PAYLOAD_ALTERED',
      4,
    ],
    [
      'a payload added to a leaf that has none',
      (db) => db.exec("INSERT INTO audit_payload VALUES (3, zeroblob(32), zeroblob(40), 'x')"),
      'AUDIT_PAYLOAD_ALTERED',
      3,
    ],
    [
      'a payload of no leaf',
      (db) => {
        db.pragma('foreign_keys = OFF')
        db.exec("INSERT INTO audit_payload VALUES (77, zeroblob(32), zeroblob(40), 'x')")
      },
      'AUDIT_PAYLOAD_STRAY',
      77,
    ],
  ])('[AU20] %s is found', (_, work, code, seq) => {
    expect(verdictAfter(work)).toEqual({ ok: false, code, seq })
  })

  test('[AU20] any flipped bit of any leaf is found at that leaf', () => {
    fc.assert(
      fc.property(fc.nat(SIZE - 1), fc.nat(4000), (seq, bit) => {
        let original = new Uint8Array(0)
        const verdict = verdictAfter((db) => {
          original = leafAt(db, seq)
          const bytes = original.slice()
          const at = (bit >> 3) % bytes.length
          bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7))
          put(db, seq, bytes)
        })
        expect(verdict).toMatchObject({ ok: false, seq })
        audit.tamper((db) => put(db, seq, original))
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['the true payload verifies', '{"n":4}', { ok: true }],
    ['another payload breaks its commitment', '{"n":5}', { ok: false, code: 'AUDIT_PAYLOAD_ALTERED', seq: 4 }],
  ])('[AU20] sealed again with every key in hand, %s', (_, payload, expected) => {
    const label = utf8('aico-mesh/audit/month-key/v1')
    const wrapKey = nodeCrypto.hkdfSha256(PAYLOAD_KEY, new Uint8Array(0), label, 32)
    const epoch = 'security-1y/2026-11'
    const verdict = verdictAfter((db) => {
      const wrapped = db.prepare('SELECT wrapped FROM audit_key WHERE key_epoch = ?').pluck().get(epoch) as Uint8Array
      const key = nodeCrypto.aeadOpen(wrapKey, wrapped.subarray(0, 12), utf8(epoch), wrapped.subarray(12)) as Uint8Array
      const nonce = nodeCrypto.randomBytes(12)
      const context = utf8(['aico-mesh/audit/payload/v1', '4', epoch].join('\0'))
      const sealed = concat(nonce, nodeCrypto.aeadSeal(key, nonce, context, utf8(payload)))
      db.prepare('UPDATE audit_payload SET ct = ? WHERE seq = 4').run(sealed)
    })
    expect(verdict).toMatchObject(expected)
  })
})

describe('after tampering', () => {
  test.each<[string, (db: Database) => void]>([
    ['cut at the end', (db) => db.exec('DELETE FROM audit_payload WHERE seq = 8; DELETE FROM leaf WHERE seq = 8')],
    ['emptied', (db) => db.exec('DELETE FROM audit_payload; DELETE FROM leaf')],
    ['given a smaller tree', (db) => db.exec('UPDATE tree SET size = 8, hashes = zeroblob(32)')],
    ['given no tree', (db) => db.exec('DELETE FROM tree')],
  ])('[AU19] a log that was %s is never continued', (_, work) => {
    audit.tamper(work)
    const log = audit.open()
    let code: string | undefined
    try {
      log.append(entry())
    } catch (err) {
      code = codeOf(err)
    }
    expect(code).toBe('AUDIT_TREE_MISMATCH')
    log.close()
  })

  test('[AU20] a consistent cut by someone who rewrites the tree too shows only in size and root', () => {
    const before = verdictAfter(() => undefined)
    const after = verdictAfter((db) => {
      db.exec('DELETE FROM audit_payload WHERE seq = 8; DELETE FROM leaf WHERE seq = 8')
      const hashes = db.prepare('SELECT leaf_hash FROM leaf ORDER BY seq').pluck().all() as Uint8Array[]
      db.prepare('UPDATE tree SET size = 8, hashes = ?').run(rootOfLeafHashes(sha256, hashes))
    })
    expect([before, after]).toMatchObject([
      { ok: true, size: 9 },
      { ok: true, size: 8 },
    ])
  })
})
