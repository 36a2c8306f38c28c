/** A store of metrics without an agent around it: payloads go in, hours are rolled up, and queries are asked. */
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import type { DeviceId } from '../../src/model/ids.ts'
import { blockId } from '../../src/model/metrics/tiers.ts'
import type { MetricSource } from '../../src/query/metrics/metric-source.ts'
import { queryRange, type MetricRange, type RangeQuery } from '../../src/query/metrics/range-query.ts'
import type { ChunkRef } from '../../src/query/trace-source.ts'
import { MetricAge, type AgeLimits } from '../../src/store/metric-age.ts'
import { MetricFeed } from '../../src/store/metric-feed.ts'
import { MetricRoll } from '../../src/store/metric-roll.ts'
import type { Store } from '../../src/store/store.ts'
import { storeFixture } from '../unit/store/tables-fixture.ts'
import { finish } from './finish.ts'

export const PHONE = 'aa'.repeat(32) as DeviceId
export const LAPTOP = 'bb'.repeat(32) as DeviceId
const NO_MEMBER = {
  connected: true,
  grantsTraces: true,
  pendingSegments: 0,
  syncedThroughUnixMs: 0,
  clock: null,
  clockHistory: [],
}
const KNOWLEDGE = {
  self: PHONE,
  members: [
    { ...NO_MEMBER, deviceId: PHONE, name: 'phone' },
    { ...NO_MEMBER, deviceId: LAPTOP, name: 'laptop' },
  ],
}

export class MetricStore {
  readonly store: Store
  readonly remove: () => void
  readonly leftOut: Record<string, number> = {}
  readonly #feed: MetricFeed
  readonly #roll: MetricRoll

  constructor(options: ConstructorParameters<typeof MetricFeed>[1] = {}) {
    const fixture = storeFixture()
    const { store } = fixture
    const onLeftOut = (why: string, count: number): void => {
      this.leftOut[why] = (this.leftOut[why] ?? 0) + count
    }
    this.store = store
    this.remove = () => fixture.remove()
    this.#feed = new MetricFeed({ tables: store.metrics, sha256: nodeCrypto.sha256, onLeftOut }, options)
    this.#roll = new MetricRoll({ tables: store.metrics, onCrowded: (count) => onLeftOut('crowded', count) })
  }

  /** Adds the points of payloads, as one piece of upkeep would. */
  add(payloads: readonly Uint8Array[], { deviceId = PHONE, module = 'app', nowMs = 0 } = {}): void {
    this.#feed.begin()
    for (const payload of payloads) finish(this.#feed.collect(deviceId, module, payload))
    finish(this.#feed.write(1, nowMs))
  }

  /** @returns whether there was anything to do */
  rollOnce(): boolean {
    return this.#roll.step(Number.MAX_SAFE_INTEGER)
  }

  rollAll(): void {
    while (this.rollOnce());
  }

  /** Deletes everything that changed last at or before these times. */
  age(limits: AgeLimits): void {
    const age = new MetricAge(this.store.metrics)
    while (age.step(limits));
  }

  query(query: RangeQuery, tail: readonly ChunkRef[] = []): MetricRange {
    return finish(queryRange(query, { source: this.#source(tail), knowledge: KNOWLEDGE }))
  }

  #source(tail: readonly ChunkRef[]): MetricSource {
    const { series, hours, blocks, parts } = this.store.metrics
    return {
      series: (name) => series.named(name),
      hours: (from, to) =>
        hours.between(from, to).map(({ hour, raw, minute, isDirty }) => ({
          hour,
          hasRaw: raw === 'kept',
          hasMinutes: minute === 'kept',
          isDirty,
        })),
      block: (tier, hour, id) => blocks.get(blockId(tier, hour, id)),
      parts: (hour, id) => parts.batchesOf(hour).flatMap((seq) => parts.get(seq, id) ?? []),
      tail: () => tail,
    }
  }
}

export function rangeQuery(name: string, more: Partial<RangeQuery> = {}): RangeQuery {
  return { name, filters: [], fromMs: 0, toMs: 3_600_000, stepMs: 60_000, fn: undefined, by: undefined, ...more }
}
