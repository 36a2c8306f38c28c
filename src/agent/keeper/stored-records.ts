/** What is stored of a trace, journal included: chunks of records to be opened one by one. Searches: search-source.ts. */
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { TraceId } from '../../model/ids.ts'
import { mergeSorted } from '../../query/merge-sorted.ts'
import type { ChunkRef, LostRecords, TraceChunks, TraceSource } from '../../query/trace-source.ts'
import type { OpenRecords, SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import type { TraceSegment } from '../../store/trace-index.ts'
import { ChunkOpener } from './chunk-opener.ts'
import { openChunk } from './open-chunk.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export class StoredRecords implements TraceSource {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #newOpener: () => ChunkOpener

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  *chunksOf(traceId: TraceId): Steps<TraceChunks> {
    const { traces, segments } = this.#store
    const upTo = segments.lastId()
    const open = this.#writer
      .openBatches('traces')
      .flatMap((batch) => openTraceRef(batch, traceId))
      .sort(compareEarliest)
    // What is open now may be cut meanwhile: its segment is above.
    const stored = yield* traces.segmentsOf(traceId, upTo)
    return {
      chunks: mergeSorted([this.#traceRefs(stored), open], compareEarliest),
      first: [...this.#traceRefs(stored.slice(0, 1)), ...open].sort(compareEarliest)[0],
      spans: sum(stored, ({ spans }) => spans) + sum(open, ({ records }) => records),
      lost: this.#lostSince([
        ...stored.map(({ startUnixNano }) => startUnixNano),
        ...open.map((ref) => ref.earliestUnixNano),
      ]),
    }
  }

  /** Devices of which segments were dropped that may reach to a time, or beyond. */
  #lostSince(starts: readonly bigint[]): readonly LostRecords[] {
    const { dropped, logs } = this.#store
    // A span without a time says nothing of when the trace was.
    const [first, ...others] = starts.filter((start) => start > 0n)
    if (first === undefined) return []
    const earliest = others.reduce((min, start) => (start < min ? start : min), first)
    const lost = new Map<string, LostRecords>()
    for (const { log: rowId, reason } of dropped.since(earliest)) {
      const { lane, author } = logs.byRow(rowId)
      const why = reason === 'age' ? 'expired' : 'dropped'
      if (lane === 'traces') lost.set(`${author} ${why}`, { deviceId: author, reason: why })
    }
    return [...lost.values()]
  }

  idsFrom(prefix: string, limit: number): readonly TraceId[] | undefined {
    const stored = this.#store.traces.idsFrom(prefix, limit)
    const open = this.#writer.openTraces().flatMap(({ traceId }) => (traceId.startsWith(prefix) ? [traceId] : []))
    return stored && [...new Set([...stored, ...open])].slice(0, limit)
  }

  *#traceRefs(stored: readonly TraceSegment[]): Generator<ChunkRef> {
    const opener = this.#newOpener()
    for (const { segment, log: rowId, spans, startUnixNano, endUnixNano, rawBytes } of stored) {
      const log = this.#store.logs.byRow(rowId)
      yield {
        deviceId: log.author,
        records: spans,
        rawBytes,
        earliestUnixNano: startUnixNano,
        latestUnixNano: endUnixNano,
        open: () => opener.open(segment, log),
      }
    }
  }
}

function openTraceRef(batch: OpenRecords, traceId: TraceId): readonly ChunkRef[] {
  const entry = batch.digest.traces.find((trace) => trace.traceId === traceId)
  if (entry === undefined) return []
  const { spans: records, startUnixNano: earliestUnixNano, endUnixNano: latestUnixNano } = entry
  return [{ ...openChunk(batch), records, earliestUnixNano, latestUnixNano }]
}

function compareEarliest(a: ChunkRef, b: ChunkRef): number {
  if (a.earliestUnixNano === b.earliestUnixNano) return 0
  return a.earliestUnixNano < b.earliestUnixNano ? -1 : 1
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
