import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { readCommits } from '../../../../src/store/log-tail.ts'
import { StoreError } from '../../../../src/store/store-error.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'
import { traces } from '../../../support/otlp-records.ts'

const OTLP = { kind: 'otlp' } as const
const STORE = ['store.db', 'store.db-wal']
const AUDIT = ['audit.db', 'audit.db-wal']
/** A frame of the write-ahead log. */
const FRAME_BYTES = 24 + 4096

let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

/** The files as they are, and what puts some of them back. */
function copyOf({ folder }: KeeperHome): (files: readonly string[]) => void {
  const copy = join(folder, 'copy')
  mkdirSync(copy)
  const all = [...STORE, ...AUDIT].filter((file) => existsSync(join(folder, file)))
  for (const file of all) copyFileSync(join(folder, file), join(copy, file))
  return (files) => {
    for (const file of files) {
      rmSync(join(folder, file), { force: true })
      rmSync(join(folder, `${file}-shm`), { force: true })
      if (all.includes(file)) copyFileSync(join(copy, file), join(folder, file))
    }
  }
}

/** Starts over what somebody did to the files of a keeper that was closed. */
function reopened(): Keeper {
  keeper = home.reopen()
  return keeper
}

const codes = (of: Keeper) => of.vouching.alarms().map(({ code }) => code)
const leaves = (of: Keeper, ...types: string[]) => of.audit.list({ types })

describe('evidence', () => {
  test('[AU21] opening and closing again and again raises nothing', () => {
    for (let run = 0; run < 4; run++) {
      keeper.close()
      expect(codes(reopened())).toEqual([])
    }
  })

  test('[AU21] nor does a power cut at any time, with all there is on the disk', async () => {
    const cuts = [home.crashCopy()]
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    cuts.push(home.crashCopy())
    await keeper.setStage('pro')
    cuts.push(home.crashCopy())
    for (const cut of cuts) {
      const after = cut.reopen()
      expect(codes(after)).toEqual([])
      cut.remove()
    }
  })

  test('[AU21] a leaf whose operation fails is noted, and a kill after it raises nothing', async () => {
    const { db } = keeper.store
    db.exec("CREATE TRIGGER no BEFORE INSERT ON setting WHEN NEW.name = 'stage' BEGIN SELECT RAISE(FAIL, 'no'); END")
    for (let n = 0; n < 3; n++) await expect(keeper.setStage('pro')).rejects.toThrow('SQLITE_CONSTRAINT_TRIGGER')
    const cut = home.crashCopy()
    expect(codes(cut.reopen())).toEqual([])
    cut.remove()
  })

  test('[AU21] while leaves cannot be noted none is written, so that a kill raises nothing', () => {
    const { db } = keeper.store
    db.exec(
      "CREATE TRIGGER no BEFORE INSERT ON setting WHEN NEW.name = 'audit.vouch' BEGIN SELECT RAISE(FAIL, 'no'); END",
    )
    const before = keeper.audit.size()
    const record = () =>
      keeper.ledger.append({ type: 'pairing.failed', outcome: 'failure', actor: { kind: 'device', ref: 'phone' } })
    for (let n = 0; n < 3; n++) expect(record).toThrow('no')
    expect(keeper.audit.size()).toBe(before + 1)
    db.exec('DROP TRIGGER no')
    record()
    expect(keeper.vouching.verifyAudit().ok).toBe(true)
  })

  test('[AU21] a store from the middle of the same run is older than two leaves say', async () => {
    const putBack = copyOf(home)
    await keeper.setStage('pro')
    await keeper.setStage('developer')
    await keeper.setStage('pro')
    const cut = home.crashCopy()
    for (const file of STORE) copyFileSync(join(home.folder, 'copy', file), join(cut.folder, file))
    putBack([])
    const after = cut.reopen()
    expect([codes(after), after.stage]).toEqual([['STORE_ROLLED_BACK'], 'pro'])
    cut.remove()
  })

  test('[AU21] a run without a leaf counts: a store from before it is noticed', () => {
    keeper.close()
    const putBack = copyOf(home)
    reopened().close()
    putBack(STORE)
    expect(codes(reopened())).toEqual(['STORE_ROLLED_BACK'])
  })

  test('[AU21] and an audit log from before two such runs', () => {
    keeper.close()
    const putBack = copyOf(home)
    reopened().close()
    reopened().close()
    putBack(AUDIT)
    expect(codes(reopened())).toEqual(['AUDIT_ROLLED_BACK'])
  })

  test('[AU21] the write-ahead log of a run that was killed is missed', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    const cut = home.crashCopy()
    rmSync(join(cut.folder, 'store.db-wal'))
    const after = cut.reopen()
    expect(codes(after)).toContain('STORE_LOG_MISSING')
    cut.remove()
  })

  test('[AU21] [ST43] a byte of the write-ahead log that was altered is told, once, and costs no more than what came after it', async () => {
    for (let span = 1; span <= 4; span++) await keeper.intake.take('traces', traces('app', { trace: 1, span }), OTLP)
    const cut = home.crashCopy()
    const log = join(cut.folder, 'store.db-wal')
    const bytes = readFileSync(log)
    const at = 32 + (readCommits(log).at(-3) as number) * FRAME_BYTES - 1
    bytes[at] = (bytes[at] as number) ^ 1
    writeFileSync(log, bytes)
    const after = cut.reopen()
    expect(codes(after)).toEqual(['STORE_LOG_DAMAGED'])
    expect(after.store.settings.get('log.incarnation')).not.toBe(keeper.store.settings.get('log.incarnation'))
    after.acceptAlarms()
    const later = cut.crashCopy()
    expect(codes(later.reopen())).toEqual([])
    cut.remove()
  })

  test('[AU21] an end that cannot be written at first is written once the log is in the file', () => {
    const note = keeper.audit.noteStoreGeneration.bind(keeper.audit)
    let tries = 0
    keeper.audit.noteStoreGeneration = (generation) => {
      if (++tries === 1) throw new StoreError('STORE_FULL', 'no room')
      note(generation)
    }
    keeper.close()
    // What failed, then the number that it left owed, then the end's own.
    expect([tries, codes(reopened())]).toEqual([3, []])
  })
})

describe('alarms', () => {
  function rolledBack(): Keeper {
    keeper.close()
    const putBack = copyOf(home)
    reopened().close()
    putBack(STORE)
    return reopened()
  }

  test('[AU22] one is a leaf of severity alert, and stands over restarts, once', () => {
    const first = rolledBack()
    const [alert] = leaves(first, 'store.rolled-back')
    expect(alert).toMatchObject({ leaf: { sev: 'alert', outcome: 'failure' }, payload: { kind: 'open' } })
    expect(first.vouching.alarms()).toEqual([
      { code: 'STORE_ROLLED_BACK', atUnixMs: START_MS, auditSize: alert === undefined ? 0 : alert.seq + 1 },
    ])
    first.close()
    const again = reopened()
    expect([codes(again), leaves(again, 'store.rolled-back').length]).toEqual([['STORE_ROLLED_BACK'], 1])
  })

  test('[AU22] the same copy put back again is noticed again', () => {
    rolledBack().acceptAlarms()
    keeper.close()
    for (const file of STORE) {
      rmSync(join(home.folder, file), { force: true })
      if (existsSync(join(home.folder, 'copy', file))) {
        copyFileSync(join(home.folder, 'copy', file), join(home.folder, file))
      }
    }
    expect(codes(reopened())).toEqual(['STORE_ROLLED_BACK'])
  })

  test('[AU23] accepting is a leaf, ends the alarm for good, and is nothing where there is none', () => {
    const after = rolledBack()
    expect(after.acceptAlarms().map(({ code }) => code)).toEqual(['STORE_ROLLED_BACK'])
    expect(after.acceptAlarms()).toEqual([])
    expect(leaves(after, 'alarm.accepted').length).toBe(1)
    after.close()
    expect(codes(reopened())).toEqual([])
  })
})

describe('what follows', () => {
  test('[AU24] records of the journal go to a log of a new incarnation, and none is lost', async () => {
    await keeper.intake.take('traces', traces('app', { trace: 1, span: 1 }), OTLP)
    const cut = home.crashCopy()
    const [before] = keeper.store.logs.ofAuthor(keeper.card.deviceId)
    await keeper.setStage('pro')
    await keeper.setStage('developer')
    for (const file of AUDIT) copyFileSync(join(home.folder, file), join(cut.folder, file))
    const after = cut.reopen()
    const [old, fresh] = after.store.logs.ofAuthor(after.card.deviceId)
    expect(old).toEqual(before)
    expect(fresh).toMatchObject({ lane: before?.lane, module: before?.module })
    expect(fresh?.incarnation).not.toBe(before?.incarnation)
    expect([old, fresh].map((log) => log && after.store.segments.last(log.rowId)?.seq)).toEqual([undefined, 0])
    expect(after.store.segments.totals().records).toBe(1)
    cut.remove()
  })

  test('[AU24] the owner’s clock does not go back with the store', () => {
    keeper.close()
    const putBack = copyOf(home)
    home.clock.advance(7_200_000)
    reopened()
    keeper.ledger.append({ type: 'pairing.failed', outcome: 'failure', actor: { kind: 'device', ref: 'phone' } })
    keeper.close()
    putBack(STORE)
    home.clock.setWall(START_MS)
    expect(reopened().ownerClock.now()).toBe(START_MS + 7_200_000)
  })

  test('[AU24] an invitation that was open then is not open now', () => {
    keeper.store.invitations.insert({
      tokenId: new Uint8Array(16),
      token: new Uint8Array(32),
      expiresUnixMs: START_MS + 600_000,
    })
    keeper.close()
    const putBack = copyOf(home)
    reopened().close()
    putBack(STORE)
    expect(reopened().store.invitations.openCount(START_MS)).toBe(0)
  })

  test('[AU16] a module that was taken off the bus is off it again', () => {
    keeper.store.modules.insert('cam', {})
    keeper.close()
    const putBack = copyOf(home)
    reopened()
    const actor = { kind: 'user', ref: keeper.card.deviceId } as const
    keeper.store.modules.delete('cam')
    const payload = { module: 'cam' }
    keeper.ledger.append({
      type: 'module.removed',
      outcome: 'success',
      actor,
      object: { kind: 'module', ref: 'cam' },
      payload,
    })
    keeper.close()
    putBack(STORE)
    expect(reopened().store.modules.all()).toEqual([])
  })

  test('[AU16] [PL7] a plugin that was removed is gone again, one that was switched off or held to less is off again', () => {
    const plugin = { isDisabled: false, sha256: 'kept' }
    for (const name of ['gone', 'off', 'on', 'narrowed', 'approved'])
      keeper.store.modules.insert(name, { name, plugin })
    keeper.close()
    const putBack = copyOf(home)
    reopened()
    const actor = { kind: 'user', ref: keeper.card.deviceId } as const
    const told = (
      type: 'plugin.removed' | 'plugin.disabled' | 'plugin.enabled' | 'plugin.approved',
      name: string,
      manifest = 'kept',
    ): void => {
      const object = { kind: 'plugin', ref: name } as const
      keeper.ledger.append({ type, outcome: 'success', actor, object, payload: { plugin: name, manifest } })
    }
    told('plugin.removed', 'gone')
    told('plugin.disabled', 'off')
    told('plugin.disabled', 'on')
    told('plugin.enabled', 'on')
    told('plugin.approved', 'narrowed', 'another')
    told('plugin.approved', 'approved')
    told('plugin.approved', 'never stored')
    keeper.close()
    putBack(STORE)
    expect(reopened().store.modules.all()).toEqual([
      { name: 'approved', record: { name: 'approved', plugin } },
      { name: 'narrowed', record: { name: 'narrowed', plugin: { ...plugin, isDisabled: true } } },
      { name: 'off', record: { name: 'off', plugin: { ...plugin, isDisabled: true } } },
      { name: 'on', record: { name: 'on', plugin } },
    ])
  })

  test('[AU16] a stage that was left for a lower one is not come back to; a higher one is not gone to', async () => {
    keeper.close()
    const putBack = copyOf(home)
    await reopened().setStage('casual')
    await keeper.setStage('pro')
    keeper.close()
    putBack(STORE)
    expect(reopened().stage).toBe('pro')
    await keeper.setStage('casual')
    keeper.close()
    expect(reopened().stage).toBe('casual')
  })
})
