import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toHex } from '../../../../src/base/bytes.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { nodeCrypto } from '../../../../src/platform/node-crypto.ts'
import { openAuditLog } from '../../../../src/store/audit-log.ts'
import { keeperHome, type KeeperHome } from '../../../support/keeper-home.ts'
import { traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
const PAGE_BYTES = 4096
const GARBAGE = new Uint8Array(8 * PAGE_BYTES).fill(7)

let home: KeeperHome
let keeper: Keeper
let auditFile: string

beforeEach(async () => {
  home = keeperHome()
  auditFile = join(home.folder, 'audit.db')
  keeper = home.create()
  for (let n = 0; n < 5; n++) {
    await keeper.setStage('developer')
    await keeper.setStage('pro')
  }
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** Every page but the first ones, which hold the schema, so that the file still opens. */
function alterLeaves(): void {
  const bytes = readFileSync(auditFile)
  for (let at = 2 * PAGE_BYTES + 100; at < 4 * PAGE_BYTES; at += PAGE_BYTES) bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(auditFile, bytes)
}

const DAMAGE: readonly { readonly name: string; readonly code: string; readonly damage: () => void }[] = [
  { name: 'an audit log of random bytes', code: 'STORE_WRONG_KEY', damage: () => writeFileSync(auditFile, GARBAGE) },
  {
    name: 'an audit log that was cut short',
    code: 'STORE_CORRUPT',
    damage: () => truncateSync(auditFile, 5 * PAGE_BYTES - 7),
  },
  { name: 'an empty audit log', code: 'STORE_MISSING', damage: () => truncateSync(auditFile, 0) },
  { name: 'no audit log', code: 'STORE_MISSING', damage: () => rmSync(auditFile) },
  {
    name: 'a database in plain',
    code: 'STORE_NOT_ENCRYPTED',
    damage: () => writeFileSync(auditFile, 'SQLite format 3\0'.padEnd(PAGE_BYTES)),
  },
  { name: 'an audit log with altered pages', code: 'STORE_CORRUPT', damage: alterLeaves },
]

describe.each(DAMAGE)('$name', ({ code, damage }) => {
  test('[AU26] ends a start with words that name the file and the way on', () => {
    keeper.close()
    damage()
    expect(() => home.reopen()).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/^audit\.db .*aico-mesh audit set-aside/) }),
    )
  })

  test('[AU26] is kept, and the log after it begins with what is known of it', () => {
    const [size, root] = [keeper.audit.size(), toHex(keeper.audit.root())]
    keeper.close()
    damage()
    const before = existsSync(auditFile) ? readFileSync(auditFile) : undefined
    const after = home.reopen({ setAuditAside: true })
    const kept = before && 'audit.db.damaged-1'
    expect(kept && readFileSync(join(home.folder, kept))).toEqual(before)
    expect(after.audit.list()[0]).toMatchObject({
      leaf: { seq: 0, type: 'audit.set-aside', sev: 'alert', outcome: 'failure' },
      payload: { kind: 'open', payload: { damage: code, size, root, ...(kept && { kept }) } },
    })
  })
})

test('[AU26] a log that is whole is never set aside', () => {
  keeper.close()
  const before = readFileSync(auditFile)
  expect(() => home.reopen({ setAuditAside: true })).toThrow(expect.objectContaining({ code: 'AUDIT_NOT_DAMAGED' }))
  expect(readFileSync(auditFile)).toEqual(before)
  expect(readdirSync(home.folder).filter((name) => name.includes('damaged'))).toEqual([])
  expect(home.reopen().vouching.alarms()).toEqual([])
})

describe('after it', () => {
  function setAside(): Keeper {
    keeper.close()
    writeFileSync(auditFile, GARBAGE)
    return home.reopen({ setAuditAside: true })
  }

  test('[AU26] an alarm stands over restarts, nothing is shared, and verify says no, until it is accepted', () => {
    setAside().close()
    const again = home.reopen()
    expect(again.vouching.alarms()).toMatchObject([{ code: 'AUDIT_SET_ASIDE' }])
    expect(again.shareViews.of().stageAllowsSharing).toBe(false)
    expect(again.vouching.verifyAudit()).toMatchObject({ ok: false, code: 'AUDIT_SET_ASIDE' })
    again.acceptAlarms()
    expect([again.shareViews.of().stageAllowsSharing, again.vouching.verifyAudit().ok]).toEqual([true, true])
    expect(again.audit.list({ limit: 1 })[0]?.leaf.type).toBe('audit.set-aside')
  })

  test('[AU26] own records go to logs of a new incarnation: no other witness says that store.db is the newest', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    const before = keeper.store.settings.get('log.incarnation')
    const after = setAside()
    expect(after.store.settings.get('log.incarnation')).not.toBe(before)
    expect(after.store.segments.totals().records).toBe(1)
  })

  test('[AU26] one that is damaged again is kept beside the first', () => {
    setAside().close()
    truncateSync(auditFile, 100)
    const after = home.reopen({ setAuditAside: true })
    expect(readdirSync(home.folder).filter((name) => /damaged-\d$/.test(name))).toEqual([
      'audit.db.damaged-1',
      'audit.db.damaged-2',
    ])
    expect(after.audit.list({ limit: 1 })[0]?.payload).toMatchObject({ payload: { kept: 'audit.db.damaged-2' } })
  })

  test('[AU26] a kill before its first leaf leaves a log that is told as rolled back', () => {
    keeper.close()
    rmSync(auditFile)
    const { audit, auditPayload } = home.keys
    const deps = { crypto: nodeCrypto, clock: home.clock, bootId: new Uint8Array(8) }
    openAuditLog(deps, { path: auditFile, key: audit, payloadKey: auditPayload }).close()
    const after = home.reopen()
    expect(after.vouching.alarms()).toMatchObject([{ code: 'AUDIT_ROLLED_BACK' }])
  })
})
