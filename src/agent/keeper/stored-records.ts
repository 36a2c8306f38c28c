/** The queries' view of the store: chunks of records with what they prove, journal included, and trace summaries. */
import { constants, zstdDecompressSync } from 'node:zlib'
import type { Crypto } from '../../base/crypto.ts'
import type { DeviceId, TraceId } from '../../model/ids.ts'
import { LANES } from '../../model/lane.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'
import type { LogSource } from '../../query/list-logs.ts'
import type { StoredChunk, TraceSource, TraceSummaryRow } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { TraceEntry } from '../../store/trace-index.ts'
import { EvidenceReader } from './evidence.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** Segments of logs looked at for one answer, newest first: about a million lines. */
const MAX_LOG_SEGMENTS = 4096

export class StoredRecords implements TraceSource, LogSource {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #sealer: SegmentSealer
  readonly #crypto: Crypto

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#crypto = crypto
    this.#store = store
    this.#writer = writer
    this.#sealer = sealer
  }

  chunksOf(traceId: TraceId): readonly StoredChunk[] {
    const segments = this.#store.traces.segmentsOf(traceId).flatMap((id) => this.#store.segments.get(id) ?? [])
    return [...this.#toChunks(segments), ...this.#writer.openChunksOf(traceId).map(toOpenChunk)]
  }

  idsFrom(prefix: string, limit: number): readonly TraceId[] {
    const open = this.#writer.openTraces().flatMap(({ traceId }) => (traceId.startsWith(prefix) ? [traceId] : []))
    return [...new Set([...this.#store.traces.idsFrom(prefix, limit), ...open])].slice(0, limit)
  }

  logChunks(): readonly StoredChunk[] {
    const segments = this.#store.segments.newest(LANES.indexOf('logs'), MAX_LOG_SEGMENTS)
    return [...this.#toChunks(segments), ...this.#writer.openPayloads('logs').map(toOpenChunk)]
  }

  summaries(limit: number): readonly TraceSummaryRow[] {
    const rows = new Map<TraceId, TraceSummaryRow>()
    const add = (entry: TraceEntry, log: StoredLog): void => {
      rows.set(entry.traceId, merge(rows.get(entry.traceId), entry, log))
    }
    for (const entry of this.#writer.openTraces()) add(entry, entry.log)
    const stored = this.#store.traces.newest(limit)
    // A trace that is still open may have older segments that are not among the newest.
    const openOnly = [...rows.keys()].filter((id) => !stored.some(({ traceId }) => traceId === id))
    for (const ref of [...stored, ...openOnly.flatMap((id) => this.#store.traces.refsOf(id))]) {
      const segment = this.#store.segments.logOf(ref.segment)
      if (segment !== undefined) add(ref, this.#store.logs.byRow(segment))
    }
    return [...rows.values()]
  }

  #toChunks(segments: readonly StoredSegment[]): readonly StoredChunk[] {
    const evidence = new EvidenceReader(this.#crypto, this.#store.segments, this.#sealer)
    return segments.map((segment) => {
      const log = this.#store.logs.byRow(segment.log)
      const { author: deviceId, module } = log
      return { deviceId, module, provenance: evidence.of(log, segment), payload: readable(segment) }
    })
  }
}

/** The payload as it was before compression. The bound holds whatever the stored bytes claim. */
export function decompress({ codec, payload }: Pick<StoredSegment, 'codec' | 'payload'>): Uint8Array {
  if (codec === 0) return payload
  return new Uint8Array(zstdDecompressSync(payload, { maxOutputLength: MAX_SEGMENT_RAW_BYTES, params: ZSTD_PARAMS }))
}

/** What stands for a payload that does not decompress: no decoder takes it, so that the answer counts it as unreadable. */
const UNREADABLE = Uint8Array.of(0xff)

/** One altered segment does not lose the others of an answer. */
function readable(segment: StoredSegment): Uint8Array {
  try {
    return decompress(segment)
  } catch {
    return UNREADABLE // whatever zlib says of it, the evidence says that it was altered
  }
}

/** No window larger than a segment: a hostile frame cannot ask for more memory. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 21 }

/** Not chained yet: nothing but this device's word, and its encrypted file, stands behind it. */
function toOpenChunk({ log, payload }: { readonly log: StoredLog; readonly payload: Uint8Array }): StoredChunk {
  return { deviceId: log.author, module: log.module, provenance: 'unverified', payload }
}

function merge(row: TraceSummaryRow | undefined, entry: TraceEntry, log: StoredLog): TraceSummaryRow {
  const { traceId, startUnixNano, endUnixNano, spans, errors, rootName } = entry
  const rootModule = rootName === undefined ? undefined : log.module
  if (row === undefined) {
    const base = { traceId, startUnixNano, endUnixNano, spans, errors, rootName, rootModule }
    return { ...base, deviceIds: [log.author], modules: [log.module] }
  }
  return {
    traceId,
    startUnixNano: startUnixNano < row.startUnixNano ? startUnixNano : row.startUnixNano,
    endUnixNano: endUnixNano > row.endUnixNano ? endUnixNano : row.endUnixNano,
    spans: row.spans + spans,
    errors: row.errors + errors,
    rootName: row.rootName ?? rootName,
    rootModule: row.rootModule ?? rootModule,
    deviceIds: [...new Set<DeviceId>([...row.deviceIds, log.author])],
    modules: [...new Set([...row.modules, log.module])],
  }
}
