/** Bodies that a disk altered, on real files: found, told, and fetched again from the device that has them. */
import { openSync, closeSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { LOOK_EVERY_MS } from '../../src/agent/keeper/metric-upkeep.ts'
import { SCRUB_EVERY_MS, SETTLE_AFTER_MS } from '../../src/agent/keeper/damage-watch.ts'
import type { Signal } from '../../src/model/lane.ts'
import { PROBE_EVERY_MS } from '../../src/sync/clock-probe.ts'
import type { StoredSegment } from '../../src/store/segment-table.ts'
import { openAll, openEach } from '../support/finish.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { logs, manySpans, metrics, traceIdOf, traces } from '../support/otlp-records.ts'

let world: MeshWorld
afterEach(() => world.close())

/** The phone lets the laptop see its traces: some segments each, in step. */
async function pairInStep(): Promise<readonly [MeshDevice, MeshDevice]> {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  await world.until(phone.grant(laptop, { lanes: ['traces'] }))
  for (let n = 0; n < 4; n++) await world.recorded(phone, manySpans('app', 1, 1 + n * 10, 10))
  expect(laptop.recordsOf(phone)).toBe(40)
  return [phone, laptop]
}

function segmentsAt(device: MeshDevice, author: MeshDevice, lane: Signal = 'traces'): readonly StoredSegment[] {
  const { logs: table, segments } = device.keeper.store
  return table
    .ofAuthor(author.id)
    .filter((log) => log.lane === lane)
    .flatMap(({ rowId }) => [...segments.downFrom(rowId, { from: 0, to: 1_000 })])
    .toReversed()
}

/** A byte of the body is another, as the disk may have it. */
function alter(device: MeshDevice, { pack, at, bytes }: StoredSegment): void {
  const file = openSync(join(device.folder, 'packs', `${String(pack).padStart(8, '0')}.pack`), 'r+')
  const middle = new Uint8Array(1)
  readSync(file, middle, 0, 1, at + (bytes >> 1))
  writeSync(file, Uint8Array.of((middle[0] as number) ^ 1), 0, 1, at + (bytes >> 1))
  closeSync(file)
}

function alterAt(device: MeshDevice, author: MeshDevice, ...seqs: readonly number[]): void {
  for (const seq of seqs) alter(device, segmentsAt(device, author)[seq] as StoredSegment)
}

/** Reads all of the trace, as a person does who looks at it. */
const look = ({ keeper }: MeshDevice): readonly string[] =>
  openAll(keeper.records.chunksOf(traceIdOf(1))).map(({ provenance }) => provenance)

const lostOf = ({ keeper }: MeshDevice): number =>
  keeper.store.lostBodies.byLog().reduce((sum, { segments }) => sum + segments, 0)
/** What was seen is looked into. */
const settled = (): Promise<void> => world.advance(SETTLE_AFTER_MS, SETTLE_AFTER_MS)
const ALL_LOGS = { lane: 'logs', deviceIds: undefined, module: undefined } as const
const counts = ({ counters }: MeshDevice): readonly number[] =>
  ['store.damaged.segments', 'store.restored.segments'].map((name) => counters[name] ?? 0)
const wants = (from: MeshDevice, to: MeshDevice): number => from.saidTo(to).filter((type) => type === 'want').length

describe('[ST45] what was received', () => {
  test('is asked for again once it was found altered, and is whole again', async () => {
    const [phone, laptop] = await pairInStep()
    alterAt(laptop, phone, 1, 2)
    expect(look(laptop).toSorted()).toEqual(['tampered', 'tampered', 'verified', 'verified'])
    await settled()
    expect([lostOf(laptop), ...counts(laptop)]).toEqual([2, 2, 0])
    await world.advance(PROBE_EVERY_MS, 1_000)
    expect([lostOf(laptop), ...counts(laptop)]).toEqual([0, 2, 2])
    expect(look(laptop)).toEqual(['verified', 'verified', 'verified', 'verified'])
    expect(laptop.failures).toEqual([])
  })

  test('is found without being looked at', async () => {
    const [phone, laptop] = await pairInStep()
    alterAt(laptop, phone, 3)
    await world.advance(3 * SCRUB_EVERY_MS, 5_000)
    expect([lostOf(laptop), ...counts(laptop)]).toEqual([0, 1, 1])
  })

  test('comes back after a start too, and what was lost stays told until then', async () => {
    const [phone, laptop] = await pairInStep()
    await phone.stop()
    alterAt(laptop, phone, 0)
    look(laptop)
    await settled()
    await laptop.stop()
    await laptop.restart()
    expect([lostOf(laptop), look(laptop).toSorted()]).toEqual([1, ['tampered', 'verified', 'verified', 'verified']])
    await phone.restart()
    await world.advance(60_000, 1_000)
    expect(lostOf(laptop)).toBe(0)
  })

  test('is not asked for when the grant has ended', async () => {
    const [phone, laptop] = await pairInStep()
    const { grantId } = laptop.keeper.consents.records()[0]?.grant ?? {}
    await world.until(phone.api('revoke', grantId as never))
    await world.settle()
    const before = wants(laptop, phone)
    alterAt(laptop, phone, 1)
    look(laptop)
    await world.advance(4 * PROBE_EVERY_MS, 1_000)
    expect([lostOf(laptop), wants(laptop, phone) - before]).toEqual([1, 0])
  })

  test('is asked for once where its owner has lost it too', async () => {
    const [phone, laptop] = await pairInStep()
    for (const device of [phone, laptop]) alterAt(device, phone, 1)
    for (const device of [phone, laptop]) look(device)
    await settled()
    const before = wants(laptop, phone)
    await world.advance(6 * PROBE_EVERY_MS, 1_000)
    expect([lostOf(laptop), lostOf(phone), wants(laptop, phone) - before]).toEqual([1, 1, 1])
    await world.recorded(phone, manySpans('app', 1, 500, 5))
    expect(laptop.recordsOf(phone)).toBe(45)
  })
})

test('[ST45] points of metrics that were passed while their segment was damaged are shown once it is back', async () => {
  world = new MeshWorld()
  const [phone, laptop] = await world.mesh('phone', 'laptop')
  await world.until(phone.grant(laptop, { lanes: ['metrics'] }))
  await world.recorded(phone, metrics('app', 3), 'metrics')
  const { metricUpkeep, store } = laptop.keeper
  alter(laptop, segmentsAt(laptop, phone, 'metrics')[0] as StoredSegment)
  const series = (): number => store.metrics.series.total()
  await world.until(metricUpkeep.run({ everything: true }))
  expect([series(), store.metrics.fed()]).toEqual([0, store.segments.lastId()])
  await world.advance(SETTLE_AFTER_MS + PROBE_EVERY_MS + LOOK_EVERY_MS, 1_000)
  expect([lostOf(laptop), series() > 0, store.metrics.fed()]).toEqual([0, true, store.segments.lastId()])
})

describe('[ST45] what is our own', () => {
  test('is given back by a device that may see it', async () => {
    const [phone, laptop] = await pairInStep()
    alterAt(phone, phone, 0, 1, 3)
    expect(look(phone).filter((provenance) => provenance === 'tampered')).toHaveLength(3)
    await world.advance(PROBE_EVERY_MS, 1_000)
    expect([lostOf(phone), ...counts(phone)]).toEqual([0, 3, 3])
    expect(look(phone)).toEqual(['verified', 'verified', 'verified', 'verified'])
    expect(laptop.sessionFailures).toEqual([])
  })

  test('keeps nobody from the rest: a reader gets all that lies around it', async () => {
    const [phone] = await pairInStep()
    alterAt(phone, phone, 2)
    const tablet = await world.add('tablet')
    await world.pair(phone, tablet)
    await world.until(phone.grant(tablet, { lanes: ['traces'] }))
    await world.advance(5_000, 1_000)
    await world.recorded(phone, manySpans('app', 1, 600, 10))
    await world.advance(60_000, 1_000)
    // The laptop gave it back meanwhile, so that in the end nobody lacks anything.
    expect([tablet.recordsOf(phone), lostOf(phone)]).toEqual([50, 0])
  })

  test('is asked of nobody who may not know that there is such a log', async () => {
    const [phone, laptop] = await pairInStep()
    await world.recorded(phone, logs('app', 9, 13), 'logs')
    alter(phone, segmentsAt(phone, phone, 'logs')[0] as StoredSegment)
    openEach(phone.keeper.lanes.list(ALL_LOGS, { from: 0n, to: 2n ** 62n }))
    await world.settle()
    const before = wants(phone, laptop)
    await world.advance(4 * PROBE_EVERY_MS, 1_000)
    expect([lostOf(phone), wants(phone, laptop) - before]).toEqual([1, 0])
  })

  test('records that come meanwhile are not held up', async () => {
    const [phone, laptop] = await pairInStep()
    await world.until(laptop.grant(phone, { lanes: ['traces'] }))
    await world.settle()
    alterAt(phone, phone, 0)
    look(phone)
    const recording = world.recorded(laptop, traces('other', { trace: 2, span: 1 }))
    await world.advance(PROBE_EVERY_MS, 1_000)
    await recording
    expect([lostOf(phone), phone.recordsOf(laptop)]).toEqual([0, 1])
  })
})
