/** Carriers, owners and bystanders that keep to no rule: each wrong has its code and harms nobody else. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { HeadRow, LogRange } from '../../src/wire/log-rows.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import type { Sealed } from '../../src/sync/serving.ts'
import { wantedBy } from '../support/attack.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans } from '../support/otlp-records.ts'
import { RawOwner, runMessages } from '../support/raw-owner.ts'
import { rawPeer, type RawSession } from '../support/raw-peer.ts'

let world: MeshWorld
let phone: MeshDevice
let box: MeshDevice
let laptop: MeshDevice
let tablet: MeshDevice
beforeEach(async () => {
  world = new MeshWorld()
  ;[phone, box, laptop, tablet] = await world.mesh('phone', 'box', 'laptop', 'tablet')
  await world.until(box.api('setCarry', { on: true }))
  await world.until(phone.grant(laptop, { lanes: ['traces'] }))
  await world.until(phone.grant(box, { lanes: ['traces'], may: 'carry' }))
  world.partition(phone, laptop)
  await world.settle()
  world.cut(phone, laptop)
  await world.until(laptop.stop())
  for (let n = 0; n < 3; n++) await world.recorded(phone, manySpans('app', 1, 1 + n * 10, 2))
})
afterEach(async () => {
  const failures = [phone, box, laptop].flatMap((device) => device.failures)
  await world.close()
  if (failures.length > 0) throw new Error('the attack made something fail', { cause: failures[0] })
})

function counted(device: MeshDevice, code: string): number {
  return device.counters[`sync.refused.${code}`] ?? 0
}

const greeted: SyncMessage = { type: 'control-heads', mine: undefined, yours: undefined }

describe('a carrier that keeps to no rule', () => {
  let rows: readonly HeadRow[]
  let range: LogRange
  let sealed: readonly Sealed[]
  let session: RawSession
  /** The box says what it likes; the laptop has the phone's keys and consent, and none of its records. */
  beforeEach(async () => {
    rows = box.keeper.carrying.rowsFor(laptop.id)
    const [row] = rows
    if (row === undefined) throw new Error('nothing is carried')
    const { author, log, incarnation, from, to } = row
    range = { author, log, incarnation, from, to }
    const run = box.keeper.carrying.read(laptop.id, range, 1 << 20)
    if (run === 'denied') throw new Error('nothing may be read')
    sealed = run.segments
    const raw = await rawPeer(world, box)
    await world.until(laptop.restart())
    await world.settle()
    session = await raw.greet(laptop)
    await session.say(greeted, ...relayed())
    await session.say({ type: 'heads', rows, last: true })
  })

  function relayed(): readonly SyncMessage[] {
    const entries = phone.keeper.consents.entriesFor(laptop.id, 0)
    return [{ type: 'relay', entries, manifests: [manifest()] }]
  }
  function manifest(): Uint8Array {
    return phone.keeper.store.manifests.get(phone.id, laptop.id)?.bytes ?? new Uint8Array()
  }
  const flip = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const edit = (at: number, change: (segment: Sealed) => Sealed): readonly Sealed[] =>
    sealed.map((segment, i) => (i === at ? change(segment) : segment))

  test('what is right is taken: the cases below differ from this one in one thing', async () => {
    expect(wantedBy(session)).toEqual([range])
    await session.say(...runMessages(range, sealed))
    expect(laptop.recordsOf(phone)).toBe(6)
    expect(session.all('ack')).toHaveLength(1)
  })

  test.each<[string, string, () => readonly Sealed[]]>([
    ['[CA4] an altered body', 'SYNC_TAMPERED', () => edit(1, (s) => ({ ...s, sealed: flip(s.sealed, 5) }))],
    ['[CA4] a body that was cut', 'SYNC_TAMPERED', () => edit(0, (s) => ({ ...s, sealed: s.sealed.slice(1) }))],
    [
      '[CA4] an altered header',
      'SYNC_BROKEN_CHAIN',
      () => edit(0, (s) => ({ ...s, header: flip(s.header, s.header.length - 1) })),
    ],
    ['[CA4] a segment left out', 'SYNC_GAP', () => sealed.slice(1)],
    ['[CA4] segments in another order', 'SYNC_GAP', () => sealed.toReversed()],
    ['[CA4] one segment twice', 'SYNC_GAP', () => [sealed[0], sealed[0], sealed[2]] as readonly Sealed[]],
  ])('%s is refused with %s, and the owner itself can still give it', async (_, code, segments) => {
    await session.say(...runMessages(range, segments()), { type: 'want-end', reason: 'done' })
    expect(laptop.recordsOf(phone)).toBe(0)
    expect(counted(laptop, code)).toBe(1)
    expect(session.hasEnded).toBe(false)
    await session.say({ type: 'heads', rows, last: true })
    expect(session.all('want')).toHaveLength(1)
    world.heal(phone, laptop)
    await world.advance(60_000, 5_000)
    expect(laptop.recordsOf(phone)).toBe(6)
  })

  test('[CA12] a head that the owner did not sign ends the session', async () => {
    const [row] = rows as readonly [HeadRow]
    await session.say({ type: 'heads', rows: [{ ...row, to: row.to + 1 }], last: true })
    expect(session.refusal).toBe('SYNC_BAD_HEAD')
  })

  test('[CA14] garbage that is passed on ends the session', async () => {
    await session.say({ type: 'relay', entries: [new Uint8Array(60)], manifests: [] })
    expect(session.refusal).toMatch(/^(?:CBOR|WIRE)_/)
  })

  test('[CA14] an entry in the name of the owner, signed by another, ends the session', async () => {
    const items = [{ kind: 'consent' as const, plaintext: new Uint8Array(40) }]
    const entries = await world.until(new RawOwner(phone, laptop).seal(items, { seed: box.keys.device }))
    await session.say({ type: 'relay', entries, manifests: [] })
    expect(session.refusal).toBe('CONTROL_BAD_SIGNATURE')
  })

  test('[CA14] entries with one left out are counted, and the rest goes on', async () => {
    await world.until(phone.grant(laptop, { lanes: ['logs'] }))
    await world.until(phone.grant(laptop, { lanes: ['metrics'] }))
    const held = laptop.keeper.consents.head(phone.id, laptop.id)?.seq ?? -1
    await session.say({
      type: 'relay',
      entries: phone.keeper.consents.entriesFor(laptop.id, held + 2),
      manifests: [],
    })
    expect(counted(laptop, 'CONTROL_GAP')).toBeGreaterThan(0)
    expect(session.hasEnded).toBe(false)
    expect(laptop.keeper.consents.head(phone.id, laptop.id)?.seq).toBe(held)
  })

  test('[CA9] who holds entries back holds the lease back with them', async () => {
    const before = laptop.keeper.manifests.heardUnixMs(phone.id)
    expect(before).toBeDefined()
    await world.until(phone.grant(laptop, { lanes: ['logs'] }))
    world.clock.advance(1_000)
    await world.until(phone.keeper.manifests.renew())
    await session.say({ type: 'relay', entries: [], manifests: [manifest()] })
    expect(laptop.keeper.manifests.heardUnixMs(phone.id)).toBeUndefined()
  })

  test('[CA15] an older manifest changes nothing', async () => {
    const old = manifest()
    await world.until(phone.grant(laptop, { lanes: ['logs'] }))
    await world.until(phone.keeper.manifests.renew())
    await session.say({ type: 'relay', entries: [], manifests: [manifest(), old] })
    const { n } = phone.keeper.store.manifests.get(phone.id, laptop.id) ?? {}
    expect(laptop.keeper.store.manifests.get(phone.id, laptop.id)?.n).toBe(n)
  })
})

describe('somebody beside a carrier', () => {
  let session: RawSession
  beforeEach(async () => {
    session = await (await rawPeer(world, tablet)).greet(box)
    await session.say(greeted)
  })

  test('[CA6] who asks for what is carried for another gets nothing', async () => {
    const [row] = box.keeper.carrying.rowsFor(laptop.id) as readonly [HeadRow]
    const { author, log, incarnation, from, to } = row
    expect(session.all('heads').flatMap(({ rows }) => rows)).toEqual([])
    await session.say({ type: 'want', ranges: [{ author, log, incarnation, from, to }], budgetBytes: 1 << 20 })
    expect(session.all('segment')).toEqual([])
    expect(session.all('want-end')).toEqual([{ type: 'want-end', reason: 'denied' }])
  })

  test('[CA6] an acknowledgement of who is no reader drops nothing', async () => {
    const before = box.keeper.store.carried.useOf(phone.id)
    const [row] = box.keeper.carrying.rowsFor(laptop.id) as readonly [HeadRow]
    const { author, log, incarnation, from, to } = row
    await session.say({ type: 'ack', rows: [{ author, log, incarnation, from, to }] })
    expect(box.keeper.store.carried.useOf(phone.id)).toEqual(before)
  })

  test('[CA3] what nobody granted is not carried, and the one who offers is told', async () => {
    await world.until(tablet.grant(laptop, { lanes: ['traces'] }))
    await world.until(tablet.record(manySpans('app', 3, 1, 2)))
    tablet.cut()
    const rows = tablet.keeper.serving.rowsFor(laptop.id)
    expect(rows).toHaveLength(1)
    await session.say({ type: 'heads', rows, last: true, toCarry: true })
    expect(session.all('want')).toEqual([])
    expect(session.all('carry-refused')).toEqual([{ type: 'carry-refused', code: 'CARRY_NO_GRANT' }])
  })

  test('[CA14] what an owner says to others is kept only where it consented to carrying', async () => {
    await world.until(tablet.grant(laptop, { lanes: ['traces'] }))
    const entries = tablet.keeper.consents.entriesFor(laptop.id, 0)
    await session.say({ type: 'relay', entries, manifests: [] })
    expect(box.keeper.store.control.last(tablet.id, laptop.id)).toBeUndefined()
    expect(counted(box, 'CARRY_NO_GRANT')).toBeGreaterThan(0)
    expect(session.hasEnded).toBe(false)
  })

  test('[CA17] a receipt in the name of another is counted and not kept', async () => {
    const receipt = phone.keeper.store.carriers.receipts()[0]?.bytes ?? new Uint8Array()
    await session.say({ type: 'receipt', receipt })
    expect(counted(box, 'CARRY_RECEIPT')).toBe(1)
    expect(box.keeper.store.carriers.receipts()).toEqual([])
  })
})
