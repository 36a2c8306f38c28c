/** The searches' view of the store: chunks that may matter, newest first, journal included, and what is known of traces. */
import type { DeviceId, TraceId } from '../../model/ids.ts'
import { freeBytes } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { mergeSorted } from '../../query/merge-sorted.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import type { SearchScope } from '../../query/search/search-scope.ts'
import type { CandidateTotals, Candidates, SearchChunk, SearchSource } from '../../query/search/search-source.ts'
import type { TraceSummaryRow } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { LogRowId } from '../../store/log-table.ts'
import type { SegmentRowId, SegmentTimes, TimeRange } from '../../store/segment-table.ts'
import type { OpenRecords, SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import type { TraceEntry } from '../../wire/index/digest.ts'
import { traceKey } from '../../wire/index/trace-key.ts'
import { MAX_UNIX_NANO } from '../../wire/otlp/limits.ts'
import { ChunkOpener } from './chunk-opener.ts'
import { openChunk } from './open-chunk.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { readPayload, UNREADABLE, type PayloadDeps } from './stored-payload.ts'

/** Of at most so many segments that the index names, the times are fetched and sorted; of more, the time index is walked. */
const MAX_SORTED = 2_048
/** Traces summed up between two yields: each is a look into the index. */
const TRACES_PER_STEP = 16

export class StoredSearch implements SearchSource {
  readonly #store: Store
  readonly #writer: SegmentWriter
  readonly #payloads: PayloadDeps
  readonly #newOpener: () => ChunkOpener

  constructor(crypto: Crypto, store: Store, writer: SegmentWriter, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#payloads = { store, sealer }
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  get indexVersion(): number {
    return this.#store.indexGeneration.version()
  }

  devices(lane: SearchLane): readonly DeviceId[] {
    return [...new Set(this.#store.logs.ofLane(lane).map(({ author }) => author))]
  }

  candidates(scope: SearchScope): Candidates {
    const { segments } = this.#store
    const logs = this.#store.logs.ofLane(scope.lane).filter((log) => isOf(log, scope))
    const range = toRange(scope)
    const upTo = segments.lastId()
    const opener = this.#newOpener()
    const open = this.#writer
      .openBatches(scope.lane)
      .flatMap((batch) => (isOf(batch.log, scope) ? [openSearchChunk(batch)] : []))
      .filter((chunk) => isInRange(chunk, range))
      .sort(compareLatest)
    const wanted = this.#wanted(scope)
    const totalsOpen = open.map((chunk) => totalsOf(chunk, range))
    if (wanted !== undefined && wanted.length <= MAX_SORTED) {
      const found = this.#sorted(wanted, new Set(logs.map(({ rowId }) => rowId)), range, scope)
      const chunks = found.map((times) => this.#chunk(this.#store.logs.byRow(times.log), times, opener))
      return {
        chunks: mergeSorted<SearchChunk>([open, chunks], compareLatest),
        totals: [...chunks.map((chunk) => totalsOf(chunk, range)), ...totalsOpen].reduce(addTotals, NO_TOTALS),
      }
    }
    const among = wanted && new Set(wanted)
    const stored = logs.map((log) => this.#stored(log, { range, upTo, among, scope, opener }))
    const totals = logs.map(({ rowId }) => segments.rangeTotals(rowId, range, upTo))
    return {
      chunks: mergeSorted<SearchChunk>([open, ...stored], compareLatest),
      totals: [...totals.map(toTotals), ...totalsOpen].reduce(addTotals, NO_TOTALS),
    }
  }

  /** Segments that the index says may match; undefined if it cannot say. */
  #wanted({ lane, groups, traceId }: SearchScope): readonly SegmentRowId[] | undefined {
    const { postings } = this.#store
    if (lane === 'traces' && traceId !== undefined) return postings.traces.find(traceKey(traceId))
    return groups.length === 0 ? undefined : postings.tokens.findAll(groups)
  }

  /** Those of the logs and the range, by latest time, the newest first. */
  #sorted(wanted: readonly SegmentRowId[], logs: ReadonlySet<LogRowId>, range: TimeRange, scope: SearchScope) {
    return this.#store.segments
      .timesAmong(wanted, range)
      .filter((times) => logs.has(times.log) && mayHold(times, scope))
      .sort((a, b) => (a.maxUnixNano > b.maxUnixNano ? -1 : a.maxUnixNano < b.maxUnixNano ? 1 : b.id - a.id))
  }

  *summariesOf(traceIds: readonly TraceId[]): Steps<ReadonlyMap<TraceId, TraceSummaryRow>> {
    const upTo = this.#store.segments.lastId()
    const rows = new Map<TraceId, TraceSummaryRow>()
    const wanted = new Set(traceIds)
    const add = (entry: TraceEntry, log: StoredLog): void => {
      rows.set(entry.traceId, merge(rows.get(entry.traceId), entry, log))
    }
    for (const entry of this.#writer.openTraces()) if (wanted.has(entry.traceId)) add(entry, entry.log)
    for (const [i, traceId] of traceIds.entries()) {
      if ((i + 1) % TRACES_PER_STEP === 0) yield
      for (const ref of yield* this.#store.traces.segmentsOf(traceId, upTo)) add(ref, this.#store.logs.byRow(ref.log))
    }
    return rows
  }

  *#stored(log: StoredLog, { range, upTo, among, scope, opener }: Walk): Generator<SearchChunk> {
    for (const times of this.#store.segments.latest(log.rowId, range, upTo)) {
      if (among?.has(times.id) !== false && mayHold(times, scope)) yield this.#chunk(log, times, opener)
    }
  }

  #chunk(log: StoredLog, times: SegmentTimes, opener: ChunkOpener): SearchChunk {
    const { id, records, rawBytes, minUnixNano, maxUnixNano } = times
    return {
      deviceId: log.author,
      module: log.module,
      records,
      rawBytes,
      earliestUnixNano: minUnixNano,
      latestUnixNano: maxUnixNano,
      storedAs: id,
      open: (payload) => opener.open(id, log, payload),
      read: () => this.#read(id, log),
      free: freeBytes,
    }
  }

  #read(id: SegmentRowId, log: StoredLog): Uint8Array | undefined {
    const segment = this.#store.segments.get(id)
    if (segment === undefined) return undefined
    return readPayload(this.#payloads, log, segment) ?? UNREADABLE
  }
}

/** How the segments of a log are gone through, by time. */
interface Walk {
  readonly range: TimeRange
  readonly upTo: SegmentRowId
  /** None but these; undefined: any. */
  readonly among: ReadonlySet<SegmentRowId> | undefined
  readonly scope: SearchScope
  readonly opener: ChunkOpener
}

function mayHold({ maxDurationNano }: SegmentTimes, { minDurationNano }: SearchScope): boolean {
  return maxDurationNano >= minDurationNano
}

/** In memory already, and about to become part of a segment. */
function openSearchChunk(batch: OpenRecords): SearchChunk {
  return {
    ...openChunk(batch),
    module: batch.log.module,
    storedAs: undefined,
    read: () => batch.payload,
    free: undefined,
  }
}

function isOf({ author, module }: StoredLog, { devices, modules }: SearchScope): boolean {
  return (devices === undefined || devices.includes(author)) && (modules === undefined || modules.includes(module))
}

/** Both ends included, as the index takes them. No record lies beyond what the database can hold. */
function toRange({ fromUnixNano, toUnixNano }: SearchScope): TimeRange {
  return { from: clamp(fromUnixNano ?? 0n), to: clamp((toUnixNano ?? MAX_UNIX_NANO + 1n) - 1n) }
}

function clamp(nano: bigint): bigint {
  if (nano < -1n) return -1n
  return nano > MAX_UNIX_NANO ? MAX_UNIX_NANO : nano
}

function isInRange({ earliestUnixNano, latestUnixNano }: SearchChunk, { from, to }: TimeRange): boolean {
  return latestUnixNano >= from && earliestUnixNano <= to
}

/** Newest first. */
function compareLatest(a: SearchChunk, b: SearchChunk): number {
  if (a.latestUnixNano === b.latestUnixNano) return 0
  return a.latestUnixNano > b.latestUnixNano ? -1 : 1
}

const NO_TOTALS: CandidateTotals = { chunks: 0, edgeChunks: 0, records: 0 }

function toTotals({ segments, edgeSegments, records }: { segments: number; edgeSegments: number; records: number }) {
  return { chunks: segments, edgeChunks: edgeSegments, records }
}

function totalsOf(chunk: SearchChunk, { from, to }: TimeRange): CandidateTotals {
  const isEdge = chunk.earliestUnixNano < from || chunk.latestUnixNano > to
  return { chunks: 1, edgeChunks: isEdge ? 1 : 0, records: isEdge ? 0 : chunk.records }
}

function addTotals(a: CandidateTotals, b: CandidateTotals): CandidateTotals {
  return { chunks: a.chunks + b.chunks, edgeChunks: a.edgeChunks + b.edgeChunks, records: a.records + b.records }
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
