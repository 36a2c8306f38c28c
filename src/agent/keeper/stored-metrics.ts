/** The metric queries' view of the store: series and blocks, and as the tail what is not in them yet, journal included. */
import type { Crypto } from '../../base/crypto.ts'
import { blockId, type Tier } from '../../model/metrics/tiers.ts'
import type { MetricHour, MetricSeriesRow, MetricSource } from '../../query/metrics/metric-source.ts'
import type { ChunkRef } from '../../query/trace-source.ts'
import type { FeedSegment, MetricTables } from '../../store/metric-tables.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import { ChunkOpener } from './chunk-opener.ts'
import { openChunk } from './open-chunk.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** Rows of segments read at once. */
const SEGMENTS_PAGE = 256

export class StoredMetrics implements MetricSource {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #newOpener: () => ChunkOpener

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  series(name: string | undefined): Iterable<MetricSeriesRow> {
    return this.#tables.series.named(name)
  }

  hours(from: number, to: number): readonly MetricHour[] {
    return this.#tables.hours.between(from, to).map(({ hour, raw, minute, isDirty }) => ({
      hour,
      hasRaw: raw === 'kept',
      hasMinutes: minute === 'kept',
      isDirty,
    }))
  }

  block(tier: Tier, hour: number, series: number): Uint8Array | undefined {
    return this.#tables.blocks.get(blockId(tier, hour, series))
  }

  parts(hour: number, series: number): readonly Uint8Array[] {
    const { parts } = this.#tables
    return parts.batchesOf(hour).flatMap((seq) => parts.get(seq, series) ?? [])
  }

  tail(): readonly ChunkRef[] {
    return [...this.unfed().map(({ ref }) => ref), ...this.#writer.openBatches('metrics').map(openChunk)]
  }

  /** Metrics segments whose points are not in the blocks, oldest first; those at or below `after` are known not to be. */
  unfed(after = this.#tables.fed(), limit = Infinity): readonly { readonly id: number; readonly ref: ChunkRef }[] {
    const opener = this.#newOpener()
    const upTo = this.#store.segments.lastId()
    const unfed: { id: number; ref: ChunkRef }[] = []
    for (let at = after; unfed.length < limit;) {
      const page = this.#tables.segmentsAbove(at, upTo, SEGMENTS_PAGE)
      for (const segment of page) {
        const ref = this.#refOf(segment, opener)
        if (ref !== undefined && unfed.length < limit) unfed.push({ id: segment.id, ref })
      }
      const last = page.at(-1)
      if (last === undefined) break
      at = last.id
    }
    return unfed
  }

  get #tables(): MetricTables {
    return this.#store.metrics
  }

  #refOf({ id, log: rowId, rawBytes, records }: FeedSegment, opener: ChunkOpener): ChunkRef | undefined {
    const log = this.#store.logs.byRow(rowId)
    if (log.lane !== 'metrics') return undefined
    return { ...UNTIMED, deviceId: log.author, records, rawBytes, open: () => opener.open(id, log) }
  }
}

/** Nobody asks when points of the tail were recorded before they are opened. */
const UNTIMED = { earliestUnixNano: 0n, latestUnixNano: 0n }
