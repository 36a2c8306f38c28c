/** A database that was put back: what had ended stays ended, nothing leaves until the person knows, nothing is signed twice. */
import { afterEach, describe, expect, test } from 'vitest'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'

const FILES = {
  store: ['store.db', 'store.db-wal', 'store.db-shm'],
  audit: ['audit.db', 'audit.db-wal', 'audit.db-shm'],
}
type Part = keyof typeof FILES

let world: MeshWorld
afterEach(() => world.close())

/** Copies of the files of a device that is stopped. */
function keepCopy(device: MeshDevice): string {
  const copy = join(device.folder, 'copy')
  mkdirSync(copy, { recursive: true })
  for (const file of [...FILES.store, ...FILES.audit]) {
    if (existsSync(join(device.folder, file))) copyFileSync(join(device.folder, file), join(copy, file))
  }
  return copy
}

function putBack(device: MeshDevice, copy: string, part: Part): void {
  for (const file of FILES[part]) {
    rmSync(join(device.folder, file), { force: true })
    if (existsSync(join(copy, file))) copyFileSync(join(copy, file), join(device.folder, file))
  }
}

async function stopAll(...devices: readonly MeshDevice[]): Promise<void> {
  for (const device of devices) await world.until(device.stop())
}

/** Starts both and lets them meet. */
async function startAll(...devices: readonly MeshDevice[]): Promise<void> {
  for (const device of devices) await world.until(device.restart())
  await world.advance(40_000, 1000)
}

function alarmsOf({ keeper }: MeshDevice): readonly string[] {
  return keeper.vouching.alarms().map(({ code }) => code)
}

function liveGrants(owner: MeshDevice): number {
  return owner.keeper.consents
    .records()
    .filter(({ grant, revokedBy }) => grant.owner === owner.id && revokedBy === undefined).length
}

function leafTypes({ keeper }: MeshDevice): readonly string[] {
  return keeper.audit.list().map(({ leaf }) => leaf.type)
}

/** A phone that shares with a laptop, both stopped, and the phone's files of then. */
async function sharing() {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  const { grantId } = await world.until(phone.grant(laptop))
  await world.recorded(phone, manySpans('app', 1, 1, 1))
  expect(laptop.recordsOf(phone)).toBe(1)
  await stopAll(phone, laptop)
  return { phone, laptop, grantId, copy: keepCopy(phone) }
}

describe('an older store.db beside the newer audit.db', () => {
  test.each(['revoke', 'remove', 'casual'] as const)('[AU16] %s is done again, and nothing leaves', async (ending) => {
    const { phone, laptop, grantId, copy } = await sharing()
    await world.until(phone.restart())
    if (ending === 'revoke') await world.until(phone.api('revoke', grantId))
    if (ending === 'remove') await world.until(phone.api('removeMember', laptop.id))
    if (ending === 'casual') await world.until(phone.api('setStage', 'casual'))
    await stopAll(phone)
    putBack(phone, copy, 'store')
    await startAll(phone, laptop)
    expect([alarmsOf(phone), liveGrants(phone)]).toEqual([['STORE_ROLLED_BACK'], 0])
    expect(phone.keeper.members.current().members.has(laptop.id)).toBe(ending !== 'remove')
    expect(phone.keeper.stage).toBe(ending === 'casual' ? 'casual' : 'developer')
    expect(leafTypes(phone)).toEqual(expect.arrayContaining(['store.rolled-back', 'audit.reconciled']))
    phone.keeper.acceptAlarms()
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    await world.advance(5_000, 500)
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('[AU23] a grant that stands is closed until the alarm is accepted, and open again then', async () => {
    const { phone, laptop, copy } = await sharing()
    await world.until(phone.restart())
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    await stopAll(phone)
    putBack(phone, copy, 'store')
    await startAll(phone, laptop)
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    await world.advance(5_000, 500)
    expect([alarmsOf(phone), liveGrants(phone), laptop.recordsOf(phone)]).toEqual([['STORE_ROLLED_BACK'], 1, 1])
    await expect(world.until(phone.grant(laptop))).rejects.toThrow(expect.objectContaining({ code: 'POLICY_ALARM' }))
    await world.until(phone.api('acceptAlarms'))
    await world.settle()
    await world.advance(5_000, 500)
    expect([alarmsOf(phone), laptop.recordsOf(phone)]).toEqual([[], 2])
    expect(laptop.counters['sync.refused.SYNC_FORK']).toBeUndefined()
  })

  test('[AU24] what the reader already had of the lost state is not signed again with other content', async () => {
    const { phone, laptop, copy } = await sharing()
    await startAll(phone, laptop)
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    await world.recorded(phone, manySpans('app', 1, 11, 1))
    expect(laptop.recordsOf(phone)).toBe(3)
    await stopAll(phone)
    putBack(phone, copy, 'store')
    await startAll(phone)
    await world.until(phone.api('acceptAlarms'))
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    await world.advance(40_000, 1000)
    expect(laptop.recordsOf(phone)).toBe(4)
    // While they paired, the one that dials first may have done so before the other knew of it.
    const { 'sync.refused.LINK_DENIED': _, ...refused } = laptop.counters
    expect([refused, phone.sessionFailures, laptop.sessionFailures]).toEqual([{}, [], []])
  })

  test('[AU24] nor is an epoch’s number given to another key', async () => {
    const { phone, laptop, grantId, copy } = await sharing()
    await startAll(phone, laptop)
    const last = () => phone.keeper.store.epochs.current('traces')?.n ?? -1
    await world.until(phone.api('revoke', grantId))
    await world.settle()
    const used = last()
    await stopAll(phone)
    putBack(phone, copy, 'store')
    await startAll(phone)
    expect(last()).toBeGreaterThan(used)
  })
})

describe('an older audit.db beside the newer store.db', () => {
  test('[AU21] is noticed: alarm, leaf, a verdict that is not ok, and the lost leaves of operations are named', async () => {
    const { phone, laptop, copy } = await sharing()
    await world.until(phone.restart())
    const { grantId } = await world.until(phone.grant(laptop, { lanes: ['logs'] }))
    await stopAll(phone)
    putBack(phone, copy, 'audit')
    await startAll(phone, laptop)
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    expect([alarmsOf(phone), laptop.recordsOf(phone)]).toEqual([['AUDIT_ROLLED_BACK'], 1])
    expect(phone.keeper.vouching.verifyAudit()).toMatchObject({ ok: false, code: 'AUDIT_ROLLED_BACK' })
    const { opId } = phone.keeper.consents.history().find((op) => op.grantId === grantId) ?? {}
    const named = phone.keeper.audit.list({ types: ['audit.reconciled'] }).map(({ leaf }) => leaf.object)
    expect(named).toContainEqual({ kind: 'consent', ref: opId })
    await world.until(phone.api('acceptAlarms'))
    await world.advance(5_000, 500)
    expect(phone.keeper.vouching.verifyAudit().ok).toBe(true)
    expect(laptop.recordsOf(phone)).toBe(2)
  })
})

test('[AU25] both put back together agree: the reader has seen the revocation and takes nothing, and the owner counts it', async () => {
  const { phone, laptop, grantId, copy } = await sharing()
  await startAll(phone, laptop)
  await world.until(phone.api('revoke', grantId))
  await world.settle()
  await stopAll(phone)
  putBack(phone, copy, 'store')
  putBack(phone, copy, 'audit')
  await startAll(phone)
  await world.recorded(phone, manySpans('app', 1, 20, 1))
  await world.advance(5_000, 500)
  expect([alarmsOf(phone), liveGrants(phone), laptop.recordsOf(phone)]).toEqual([[], 1, 1])
  expect(phone.counters).toMatchObject({ 'sync.refused.SYNC_OWNER_BEHIND': 1 })
})

test('[AU21] stops, kills and starts in any order raise no alarm', async () => {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  const { grantId } = await world.until(phone.grant(laptop))
  for (const end of ['kill', 'stop', 'kill', 'kill', 'stop'] as const) {
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    if (end === 'kill') phone.kill()
    else await world.until(phone.stop())
    await world.until(phone.restart())
    expect(alarmsOf(phone)).toEqual([])
  }
  await world.until(phone.api('revoke', grantId))
  phone.kill()
  await world.until(phone.restart())
  expect([alarmsOf(phone), leafTypes(phone).includes('audit.reconciled')]).toEqual([[], false])
})
