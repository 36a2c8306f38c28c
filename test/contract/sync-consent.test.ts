/** Consent in force, seen from outside: what reaches whom, in which order it was written, and what a crash leaves. */
import { afterEach, describe, expect, test } from 'vitest'
import { decodeControlEntry } from '../../src/wire/control-entry.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { logs, manySpans } from '../support/otlp-records.ts'

const DAY_MS = 86_400_000
let world: MeshWorld
afterEach(() => world.close())

describe('handing over', () => {
  test('a log whose first segment comes after another log’s is named too, and so reaches its reader', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('known', 1, 1, 1))
    await world.until(phone.record(manySpans('new', 1, 10, 1)))
    await world.until(phone.record(manySpans('known', 1, 100, 256))) // full: cut at once, while `new` is still open
    await world.settle()
    phone.cut()
    await world.settle()
    expect(laptop.held(phone)).toEqual(phone.held(phone))
    expect(laptop.recordsOf(phone)).toBe(258)
  })

  test('what was recorded and not handed over before a power cut is handed over after it', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.until(phone.record(manySpans('app', 1, 1, 3)))
    phone.kill()
    await world.settle()
    await world.until(phone.restart())
    await world.advance(40_000, 500)
    expect(laptop.recordsOf(phone)).toBe(3)
  })

  test('a day’s first segment, cut before its key is sealed, is asked for again when the key has come', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.advance(DAY_MS, DAY_MS)
    await world.advance(60_000, 1000)
    const done = phone.record(manySpans('app', 1, 10, 256))
    phone.host.notify() // heads go out before the new epoch's key is sealed
    await world.until(done)
    phone.host.notify()
    await world.settle()
    expect(laptop.recordsOf(phone)).toBe(257)
    await world.recorded(phone, manySpans('app', 1, 500, 1))
    expect(laptop.held(phone)).toEqual(phone.held(phone))
  })

  test('handing over twice writes nothing the second time', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    const before = entriesOf(phone, laptop).length
    await world.until(Promise.all([phone.keeper.consents.handOver(), phone.keeper.consents.handOver()]))
    expect(entriesOf(phone, laptop)).toHaveLength(before)
  })
})

describe('revoking', () => {
  test('[CO2] keys for those who remain come before the revoke, and the revoked device gets none', async () => {
    world = new MeshWorld()
    const [phone, laptop, tablet] = await world.mesh('phone', 'laptop', 'tablet')
    const { grantId } = await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await world.until(phone.grant(tablet, { lanes: ['traces'] }))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    const [forLaptop, forTablet] = [entriesOf(phone, laptop).length, entriesOf(phone, tablet).length]
    await world.until(phone.api('revoke', grantId))
    expect(entriesOf(phone, laptop).slice(forLaptop)).toEqual(['consent'])
    expect(entriesOf(phone, tablet).slice(forTablet)).toEqual(['keys'])
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    expect([laptop.recordsOf(phone), tablet.recordsOf(phone)]).toEqual([1, 2])
  })

  test('another grant to the same device on the same lane goes on: its new key stands before the revoke', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const { grantId } = await world.until(phone.grant(laptop, { lanes: ['traces'] }))
    await world.until(phone.grant(laptop, { lanes: ['traces'], modules: ['otlp/app'] }))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.recorded(phone, manySpans('other', 1, 5, 1))
    const before = entriesOf(phone, laptop).length
    await world.until(phone.api('revoke', grantId))
    expect(entriesOf(phone, laptop).slice(before)).toEqual(['keys', 'consent'])
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    await world.recorded(phone, manySpans('other', 1, 15, 1))
    expect(laptop.recordsOf(phone)).toBe(3)
  })

  test('a revoke asked for while the grant is being written ends it', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const first = await world.until(phone.grant(laptop))
    const racing = [
      phone.grant(laptop),
      phone.api('revoke', first.grantId),
      phone.grant(laptop, { lanes: ['metrics'] }),
    ]
    await world.until(Promise.all(racing))
    expect(phone.keeper.consents.records().filter(({ revokedBy }) => revokedBy === undefined)).toHaveLength(2)
  })

  test('a revoke survives the day beginning while it is being sealed', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const { grantId } = await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    const revoked = phone.api('revoke', grantId)
    await Promise.resolve()
    await Promise.resolve() // the next epoch is prepared, and its batch is being sealed
    world.clock.advance(DAY_MS)
    const recorded = phone.record(manySpans('app', 1, 10, 1)) // begins an epoch of its own
    await world.until(Promise.all([revoked, recorded]))
    await world.until(phone.stop())
    await world.until(phone.restart())
    expect(phone.keeper.consents.records()[0]?.revokedBy?.kind).toBe('revoke')
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('revoking twice writes one operation', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const { grantId } = await world.until(phone.grant(laptop))
    await world.until(Promise.all([phone.api('revoke', grantId), phone.api('revoke', grantId)]))
    await world.until(phone.api('revoke', grantId))
    expect(phone.keeper.consents.history().map(({ kind }) => kind)).toEqual(['grant', 'revoke'])
  })
})

describe('removing a device', () => {
  test('ends its grants, and they do not come back when it is paired again', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    await world.pair(phone, laptop)
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    expect(phone.keeper.consents.records().map(({ revokedBy }) => revokedBy?.kind)).toEqual(['revoke'])
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('a device that was removed begins a mesh of its own when it invites, and shares there as anywhere', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(laptop.grant(phone))
    await world.until(phone.grant(laptop))
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    await world.pair(laptop, phone)
    expect(phone.keeper.members.mesh()).toBe(laptop.keeper.members.mesh())
    expect([phone, laptop].map((device) => device.host.peers()[0]?.connected)).toEqual([true, true])
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.recorded(laptop, manySpans('app', 1, 10, 1))
    expect([laptop.recordsOf(phone), phone.recordsOf(laptop)]).toEqual([0, 0])
    await world.until(laptop.grant(phone))
    await world.until(phone.grant(laptop))
    await world.settle()
    expect([laptop.recordsOf(phone), phone.recordsOf(laptop)]).toEqual([1, 1])
    expect([...phone.sessionFailures, ...laptop.sessionFailures]).toEqual([])
    await world.until(laptop.stop())
    await world.until(laptop.restart())
    const types = laptop.keeper.audit.list({ fromSeq: 0, limit: 200 }).map(({ leaf }) => leaf.type)
    expect(types).not.toContain('audit.reconciled')
  })

  test('a grant that is being written when its recipient is removed grants nothing, now or later', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    const granted = phone.grant(laptop).then(
      () => 'granted',
      (err: { code?: string }) => err.code,
    )
    const removed = phone.api('removeMember', laptop.id)
    const [outcome] = await world.until(Promise.all([granted, removed]))
    const live = phone.keeper.consents.records().filter(({ revokedBy }) => revokedBy === undefined)
    expect({ outcome, live }).toEqual({ outcome: expect.stringMatching(/granted|CONSENT_NOT_A_MEMBER/), live: [] })
  })

  test.each<[string, (removal: Uint8Array, add: Uint8Array) => readonly (readonly Uint8Array[])[]]>([
    ['at once', (removal, add) => [[removal, add]]],
    ['at once, the later first', (removal, add) => [[add, removal]]],
    ['one after the other', (removal, add) => [[removal], [add]]],
    ['the later first', (removal, add) => [[add], [removal]]],
  ])(
    '[CO19] an owner that hears of a removal and of the pairing after it %s has ended the grant',
    async (_, batchesOf) => {
      world = new MeshWorld()
      const [phone, laptop, watch] = await world.mesh('phone', 'laptop', 'watch')
      await world.advance(120_000, 1000)
      await world.until(watch.grant(laptop))
      await world.recorded(watch, manySpans('app', 1, 1, 1))
      expect(laptop.recordsOf(watch)).toBe(1)
      for (const other of [phone, laptop]) world.partition(watch, other)
      const known = new Set(phone.keeper.members.opIds())
      await world.until(phone.api('removeMember', laptop.id))
      await world.settle()
      const [removal] = phone.keeper.members.opsBeyond(known) as [Uint8Array]
      for (const id of phone.keeper.members.opIds()) known.add(id)
      await world.pair(phone, laptop)
      const [add] = phone.keeper.members.opsBeyond(known) as [Uint8Array]
      for (const batch of batchesOf(removal, add)) await world.until(watch.api('acceptMemberOps', batch))
      for (const other of [phone, laptop]) world.heal(watch, other)
      await world.advance(120_000, 1000)
      expect(watch.keeper.members.current().members.has(laptop.id)).toBe(true)
      expect(watch.keeper.consents.records().map(({ revokedBy }) => revokedBy?.kind)).toEqual(['revoke'])
      await world.recorded(watch, manySpans('app', 1, 20, 1))
      expect(laptop.recordsOf(watch)).toBe(1)
      await world.until(watch.grant(laptop))
      await world.settle()
      expect(laptop.recordsOf(watch)).toBe(2)
    },
  )

  test('a device that was removed has ended what it granted itself', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(laptop.grant(phone))
    await world.until(phone.api('removeMember', laptop.id))
    await world.settle()
    expect(laptop.keeper.consents.records().map(({ revokedBy }) => revokedBy?.kind)).toEqual(['revoke'])
  })
})

describe('time', () => {
  test('[CO5] a grant that ended stays ended when the owner’s clock is set back, across a restart too', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop, { untilUnixMs: phone.now + 30_000 }))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.advance(31_000, 1000)
    await world.recorded(phone, manySpans('app', 1, 10, 1))
    expect(laptop.recordsOf(phone)).toBe(1)
    phone.skewMs = -3_600_000
    await world.recorded(phone, manySpans('app', 1, 20, 1))
    await world.until(phone.stop())
    await world.until(phone.restart())
    await world.advance(40_000, 1000)
    await world.recorded(phone, manySpans('app', 1, 30, 1))
    expect(laptop.recordsOf(phone)).toBe(1)
    expect((await world.until(phone.api('grants'))).map(({ state }) => state)).toEqual(['expired'])
  })

  test('[CO13] an epoch ends with the UTC day, and where a grant ends', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop, { lanes: ['traces'], untilUnixMs: phone.now + 60_000 }))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.advance(61_000, 61_000)
    await world.recorded(phone, manySpans('app', 1, 2, 1))
    await world.advance(DAY_MS, DAY_MS)
    await world.recorded(phone, manySpans('app', 1, 3, 1))
    expect(phone.keeper.store.epochs.all('traces')).toHaveLength(3)
    expect(laptop.recordsOf(phone)).toBe(1)
  })

  test('[CO6] a reader that has not heard for the lease takes nothing more, and takes it again after a word', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 1))
    await world.until(phone.stop())
    await world.advance(8 * DAY_MS, DAY_MS)
    const states = async () => (await world.until(laptop.api('grants'))).map(({ state }) => state)
    expect(await states()).toEqual(['lapsed'])
    await world.until(phone.restart())
    await world.advance(40_000, 1000)
    expect(await states()).toEqual(['active'])
    expect(laptop.held(phone)).toEqual(phone.held(phone))
  })
})

describe('a power cut', () => {
  test('after the leaf and before the operation leaves no consent, and the audit log says so', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    void phone.grant(laptop)
    await Promise.resolve()
    await Promise.resolve()
    phone.kill()
    await world.until(phone.restart())
    const types = phone.keeper.audit.list({ fromSeq: 0, limit: 100 }).map(({ leaf }) => leaf.type)
    expect(types.filter((type) => type === 'consent.granted' || type === 'audit.reconciled')).toEqual([
      'consent.granted',
      'audit.reconciled',
    ])
    expect(phone.keeper.consents.records()).toEqual([])
  })

  test('[CO6] at the reader, seconds after the first meeting, is no lapsed lease: what it had is still there', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    await world.recorded(phone, manySpans('app', 1, 1, 3))
    const owner = phone.id
    await world.until(phone.stop())
    laptop.kill()
    await world.until(laptop.restart())
    expect((await world.until(laptop.api('grants'))).map(({ state }) => state)).toEqual(['active'])
    expect(laptop.recordsOf(owner)).toBe(3)
  })

  test('on the way down to casual is finished at the next start: no grant is alive', async () => {
    world = new MeshWorld()
    const [phone, laptop] = await world.mesh('phone', 'laptop')
    await world.until(phone.grant(laptop))
    void phone.api('setStage', 'casual')
    await Promise.resolve()
    phone.kill()
    await world.until(phone.restart())
    await world.settle()
    await world.until(phone.api('setStage', 'developer'))
    expect(phone.keeper.consents.records().map(({ revokedBy }) => revokedBy?.kind)).toEqual(['revoke'])
  })
})

test('[CO9] lanes and modules that no grant names stay away, their names included', async () => {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  await world.until(phone.grant(laptop, { lanes: ['traces'], modules: ['otlp/app'] }))
  await world.recorded(phone, manySpans('app', 1, 1, 1))
  await world.recorded(phone, manySpans('secret', 1, 2, 1))
  await world.recorded(phone, logs('app', 9), 'logs')
  expect(laptop.recordsOf(phone)).toBe(1)
  expect(laptop.keeper.store.logs.ofAuthor(phone.id).map(({ lane, module }) => `${lane}/${module}`)).toEqual([
    'traces/otlp/app',
  ])
})

/** Kinds of the entries an owner has written for a recipient. */
function entriesOf(owner: MeshDevice, recipient: MeshDevice): readonly string[] {
  const entries = owner.keeper.consents.entriesFor(recipient.id, 0)
  return entries.map((bytes) => decodeControlEntry(bytes, owner.keeper.deps.crypto).entry.kind)
}
