/** Telemetry is a grow-only set: runs of several owners, in any order, cut anywhere, any number of times, are one content. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DeviceId } from '../../src/model/ids.ts'
import type { Sealed } from '../../src/sync/serving.ts'
import { decodeSpans } from '../../src/wire/otlp/decode-traces.ts'
import type { HeadRow, LogRange } from '../../src/wire/log-rows.ts'
import type { StoredLog } from '../../src/store/log-table.ts'
import type { MeshDevice } from '../support/mesh-device.ts'
import { MeshWorld } from '../support/mesh-world.ts'
import { manySpans, traceIdOf } from '../support/otlp-records.ts'
import { RawOwner } from '../support/raw-owner.ts'
import { openAll } from '../support/finish.ts'

const SEGMENTS = 24
const RUNS = 30

/** Everything of one log, as its owner would send it, with a signed head at every place. */
interface Source {
  readonly log: StoredLog
  readonly sealed: readonly Sealed[]
  readonly heads: readonly HeadRow[]
}
interface Delivery {
  readonly source: Source
  readonly from: number
  readonly to: number
}

let world: MeshWorld
let reader: MeshDevice
let sources: readonly Source[]
let everything: readonly string[]
let spans: readonly string[]

beforeAll(async () => {
  world = new MeshWorld()
  const [laptop, phone, tablet] = await world.mesh('laptop', 'phone', 'tablet')
  reader = laptop
  await world.until(laptop.stopMesh())
  for (const owner of [phone, tablet]) {
    await world.until(owner.grant(laptop))
    for (let n = 0; n < SEGMENTS; n++) {
      for (const [i, app] of ['a', 'b'].entries())
        await world.until(owner.record(manySpans(app, 1, 1000 * i + n + 1, 2)))
      owner.cut()
    }
    await world.settle()
    await world.until(laptop.keeper.consents.receive(owner.id, owner.keeper.consents.entriesFor(laptop.id, 0)))
  }
  laptop.keeper.setConnected([phone.id, tablet.id])
  sources = [phone, tablet].flatMap((owner) => sourcesOf(new RawOwner(owner, laptop)))
  everything = [phone, tablet].flatMap((owner) => owner.held(owner)).sort()
  spans = [phone, tablet].flatMap((owner) => spansAt(owner)).sort()
}, 60_000)
afterAll(() => world.close())

function sourcesOf(owner: RawOwner): readonly Source[] {
  return ['otlp/a', 'otlp/b'].map((module) => {
    const log = owner.log('traces', module)
    const range = { author: log.author, log: log.log, incarnation: log.incarnation, from: 0, to: SEGMENTS - 1 }
    const links = owner.device.keeper.store.segments
    const heads = Array.from({ length: SEGMENTS }, (_, seq) =>
      owner.row(range, { from: 0, to: seq }, links.link(log.rowId, seq)?.segmentId as Uint8Array),
    )
    return { log, sealed: owner.segments(range), heads }
  })
}

function spansAt(device: MeshDevice): readonly string[] {
  return openAll(device.keeper.records.chunksOf(traceIdOf(1)))
    .flatMap(({ deviceId, payload }) => decodeSpans(payload).map(({ spanId }) => `${deviceId} ${spanId}`))
    .sort()
}

function held(): readonly string[] {
  return owners()
    .flatMap((owner) => reader.held(owner))
    .sort()
}

function owners(): readonly DeviceId[] {
  return [...new Set(sources.map(({ log }) => log.author))]
}

function forgetEverything(): void {
  const { store, receiving } = reader.keeper
  for (const owner of owners()) {
    receiving.forget(owner)
    for (const { rowId } of store.logs.ofAuthor(owner)) {
      store.traces.deleteLog(rowId)
      store.segments.deleteLog(rowId)
    }
  }
}

function deliver({ source, from, to }: Delivery): void {
  const { receiving } = reader.keeper
  const { author, log, incarnation } = source.log
  const range: LogRange = { author, log, incarnation, from, to }
  receiving.offer(author, [{ ...(source.heads[to] as HeadRow), from }])
  receiving.take(author, range, source.sealed.slice(from, to + 1))
}

/** Runs that together are everything, cut anywhere, some of them twice, in any order. */
function deliveries(): fc.Arbitrary<readonly Delivery[]> {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: SEGMENTS - 1 }), { maxLength: 6 })
  const partition = fc.tuple(...sources.map((source) => cuts.map((at) => rangesOf(source, at))))
  const extra = fc.array(
    fc.tuple(fc.constantFrom(...sources), fc.nat(SEGMENTS - 1), fc.nat(SEGMENTS - 1)).map(([source, a, b]) => ({
      source,
      from: Math.min(a, b),
      to: Math.max(a, b),
    })),
    { maxLength: 6 },
  )
  return fc.tuple(partition, extra).chain(([parts, more]) => {
    const all = [...parts.flat(), ...more]
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
  })
}

function rangesOf(source: Source, cuts: readonly number[]): readonly Delivery[] {
  const starts = [0, ...[...cuts].sort((a, b) => a - b)]
  return starts.map((from, i) => ({ source, from, to: (starts[i + 1] ?? SEGMENTS) - 1 }))
}

test('[RC1] in any order, cut anywhere, with repetitions, the content is the same', () => {
  fc.assert(
    fc.property(deliveries(), (order) => {
      forgetEverything()
      for (const delivery of order) deliver(delivery)
      expect(held()).toEqual(everything)
      expect(spansAt(reader)).toEqual(spans)
    }),
    { numRuns: RUNS },
  )
})

test('[RC1] one half and then the other, or the other way round: union is commutative and associative', () => {
  fc.assert(
    fc.property(deliveries(), fc.nat(100), (order, percent) => {
      const at = Math.floor((order.length * percent) / 100)
      const content = (...groups: (readonly Delivery[])[]): readonly string[] => {
        forgetEverything()
        for (const group of groups) for (const delivery of group) deliver(delivery)
        return held()
      }
      const [one, other] = [order.slice(0, at), order.slice(at)]
      const separate = new Set([...content(one), ...content(other)])
      expect(content(one, other)).toEqual([...separate].sort())
      expect(content(other, one)).toEqual([...separate].sort())
    }),
    { numRuns: RUNS / 2 },
  )
})

test('[RC3] after everything came, in whatever order, nothing is asked for and the digests are equal', () => {
  fc.assert(
    fc.property(deliveries(), (order) => {
      forgetEverything()
      for (const delivery of order) deliver(delivery)
      for (const owner of owners()) {
        const rows = sources.filter(({ log }) => log.author === owner).map(({ heads }) => heads.at(-1) as HeadRow)
        expect(reader.keeper.receiving.offer(owner, rows)).toEqual({ ranges: [], missing: 0, frozen: 0 })
      }
    }),
    { numRuns: RUNS / 2 },
  )
})
