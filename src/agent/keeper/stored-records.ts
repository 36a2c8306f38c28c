/** The queries' view of the store: chunks of records to be opened one by one, journal included, and trace summaries. */
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { TraceId } from '../../model/ids.ts'
import type { LogChunks, LogFilter, LogSource } from '../../query/list-logs.ts'
import { mergeSorted } from '../../query/merge-sorted.ts'
import type { ChunkRef, StoredChunk, TraceChunks, TraceSource } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { OpenRecords, SegmentWriter } from '../../store/segment-writer.ts'
import type { SegmentRowId, TimeRange } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { TraceSegment } from '../../store/trace-index.ts'
import { ChunkOpener } from './chunk-opener.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** Latest time that can be stored, in nanoseconds since 1970. */
const LAST_NANO = 2n ** 63n - 1n

export class StoredRecords implements TraceSource, LogSource {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #newOpener: () => ChunkOpener

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  chunksOf(traceId: TraceId): TraceChunks {
    const { traces, segments } = this.#store
    const stored = traces.segmentsOf(traceId, segments.lastId())
    const open = this.#writer
      .openBatches('traces')
      .flatMap((batch) => openTraceRef(batch, traceId))
      .sort(compareEarliest)
    return {
      chunks: mergeSorted([this.#traceRefs(stored), open], compareEarliest),
      spans: sum(stored, ({ spans }) => spans) + sum(open, ({ records }) => records),
    }
  }

  idsFrom(prefix: string, limit: number): readonly TraceId[] {
    const open = this.#writer.openTraces().flatMap(({ traceId }) => (traceId.startsWith(prefix) ? [traceId] : []))
    return [...new Set([...this.#store.traces.idsFrom(prefix, limit), ...open])].slice(0, limit)
  }

  logChunks(filter: Pick<LogFilter, 'fromUnixNano' | 'toUnixNano'>): LogChunks {
    const { segments } = this.#store
    const range = toRange(filter)
    const upTo = segments.lastId()
    const opener = this.#newOpener()
    const logs = this.#store.logs.ofLane('logs')
    const stored = logs.map((log) => this.#logRefs(log, range, upTo, opener))
    const totals = logs.map((log) => segments.rangeTotals(log.rowId, range, upTo))
    const open = this.#writer
      .openBatches('logs')
      .map(openBatchRef)
      .filter((ref) => isInRange(ref, range))
    const openWithin = open.filter((ref) => isWithin(ref, range))
    return {
      logs: [...stored, ...open.map((ref) => [ref])],
      chunks: sum(totals, (total) => total.segments) + open.length,
      edgeChunks: sum(totals, (total) => total.edgeSegments) + open.length - openWithin.length,
      records: sum(totals, (total) => total.records) + sum(openWithin, ({ records }) => records),
    }
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

  *#logRefs(log: StoredLog, range: TimeRange, upTo: SegmentRowId, opener: ChunkOpener): Generator<ChunkRef> {
    for (const { id, records, rawBytes, minUnixNano, maxUnixNano } of this.#store.segments.latest(
      log.rowId,
      range,
      upTo,
    )) {
      yield {
        deviceId: log.author,
        records,
        rawBytes,
        earliestUnixNano: minUnixNano,
        latestUnixNano: maxUnixNano,
        open: () => opener.open(id, log),
      }
    }
  }
}

function openTraceRef(batch: OpenRecords, traceId: TraceId): readonly ChunkRef[] {
  const entry = batch.digest.traces.find((trace) => trace.traceId === traceId)
  if (entry === undefined) return []
  const { spans: records, startUnixNano: earliestUnixNano, endUnixNano: latestUnixNano } = entry
  return [{ ...openBatchRef(batch), records, earliestUnixNano, latestUnixNano }]
}

/** Not chained yet: nothing but this device's word, and its encrypted file, stands behind it. */
function openBatchRef({ log, payload, digest }: OpenRecords): ChunkRef {
  const chunk: StoredChunk = { deviceId: log.author, module: log.module, provenance: 'unverified', payload }
  return {
    deviceId: log.author,
    records: digest.records,
    rawBytes: payload.length,
    earliestUnixNano: digest.minUnixNano,
    latestUnixNano: digest.maxUnixNano,
    // oxlint-disable-next-line eslint/require-yield -- it is in memory already
    *open(): Steps<StoredChunk> {
      return chunk
    },
  }
}

function compareEarliest(a: ChunkRef, b: ChunkRef): number {
  if (a.earliestUnixNano === b.earliestUnixNano) return 0
  return a.earliestUnixNano < b.earliestUnixNano ? -1 : 1
}

/** Both ends included, as the index takes them. */
function toRange({ fromUnixNano = 0n, toUnixNano = LAST_NANO + 1n }: Pick<LogFilter, 'fromUnixNano' | 'toUnixNano'>) {
  return { from: clamp(fromUnixNano), to: clamp(toUnixNano - 1n) }
}

/** What the database can hold. No record lies beyond. */
function clamp(nano: bigint): bigint {
  if (nano < -1n) return -1n
  return nano > LAST_NANO ? LAST_NANO : nano
}

function isInRange({ earliestUnixNano, latestUnixNano }: ChunkRef, { from, to }: TimeRange): boolean {
  return latestUnixNano >= from && earliestUnixNano <= to
}

function isWithin({ earliestUnixNano, latestUnixNano }: ChunkRef, { from, to }: TimeRange): boolean {
  return earliestUnixNano >= from && latestUnixNano <= to
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
