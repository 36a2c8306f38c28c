/**
 * What an export is asked for, made ready: which stored chunks may hold it, and which of their records are meant. Spans and
 * log records are found as every search finds them (docs/spec/search.md); metrics by time and module.
 */
import type { DeviceId } from '../../model/ids.ts'
import type { Signal } from '../../model/lane.ts'
import { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import { prepareSearch } from '../../query/search/prepared-search.ts'
import { logFilter, spanFilter } from '../../query/search/record-filter.ts'
import { SearchError } from '../../query/search/search-error.ts'
import { readSearchQuery } from '../../query/search/search-query.ts'
import { withWholeTraces } from '../../query/search/whole-traces.ts'
import type { ChunkRef, StoredChunk } from '../../query/trace-source.ts'
import type { KeepRecord } from '../../wire/otlp/cut-message.ts'
import { readMetricTimes } from '../../wire/otlp/metric-times.ts'
import type { Keeper } from './keeper.ts'
import { knowledgeOf } from './query-deps.ts'

export interface ExportQuery {
  readonly signal: Signal
  /** Undefined: every device's records that are here. */
  readonly deviceIds: readonly DeviceId[] | undefined
  readonly module: string | undefined
  /** The id of a trace, or its start. Not of metrics. */
  readonly trace: string | undefined
  /** As a search takes it. Not of metrics. */
  readonly filter: string | undefined
  /** Recorded at or after, on the recording device's clock. */
  readonly sinceUnixMs: number | undefined
  /** Recorded before. */
  readonly untilUnixMs: number | undefined
}

export interface ExportPlan {
  /** As of now; read from the index as they are taken. */
  readonly chunks: Iterable<ChunkRef>
  /** Whether all records of a chunk are meant, as the index knows. */
  isWhole(ref: ChunkRef): boolean
  /** Which records of an opened chunk are meant. @throws {OtlpError} for a payload that cannot be read */
  filterOf(chunk: StoredChunk): KeepRecord
}

/** Latest time that can be stored, in nanoseconds since 1970. */
const LAST_NANO = 2n ** 63n - 1n
const NANOS_PER_MS = 1_000_000n

/** @throws {SearchError} for what no search takes */
export function planExport(keeper: Keeper, query: ExportQuery): ExportPlan {
  const { signal } = query
  return signal === 'metrics' ? planMetrics(keeper, query) : planSearch(keeper, query, signal)
}

function planSearch(keeper: Keeper, query: ExportQuery, lane: SearchLane): ExportPlan {
  const { deviceIds, trace, module, filter, sinceUnixMs, untilUnixMs } = query
  const where = Object.entries({ trace, module }).flatMap(([field, value]) =>
    value === undefined ? [] : [{ field, op: '=', value }],
  )
  const read = readSearchQuery({ filter, where, sinceUnixMs, untilUnixMs }, lane, keeper.deps.clock.now())
  const asked = withWholeTraces(read, keeper.records)
  const { scope, isDevice } = prepareSearch(asked, {
    source: keeper.search,
    knowledge: knowledgeOf(keeper),
    sha256: keeper.deps.crypto.sha256,
    cache: new ChunkCache(),
    limits: { hasTime: () => true },
  })
  const records = lane === 'traces' ? spanFilter(asked, isDevice) : logFilter(asked, isDevice)
  const { fromUnixNano, toUnixNano } = asked
  return {
    chunks: keeper.search.candidates({ ...scope, devices: inBoth(scope.devices, deviceIds) }).chunks,
    isWhole: (ref) => asked.conditions.length === 0 && isWithin(ref, fromUnixNano, toUnixNano),
    filterOf(chunk) {
      const { payload } = chunk
      const meant = new Set<number>()
      records.walk(payload, chunk, ({ record }) => meant.add(record.start))
      return (record) => meant.has(record.byteOffset - payload.byteOffset)
    },
  }
}

function planMetrics(
  keeper: Keeper,
  { deviceIds, module, trace, filter, sinceUnixMs, untilUnixMs }: ExportQuery,
): ExportPlan {
  if (trace !== undefined || filter !== undefined) {
    throw new SearchError('SEARCH_QUERY', 'a trace or a filter is of spans and log records, not of metrics')
  }
  const from = sinceUnixMs === undefined ? undefined : BigInt(sinceUnixMs) * NANOS_PER_MS
  const to = untilUnixMs === undefined ? undefined : BigInt(untilUnixMs) * NANOS_PER_MS
  const range = { from: from ?? 0n, to: to === undefined ? LAST_NANO : to - 1n }
  return {
    chunks: keeper.lanes.list({ lane: 'metrics', deviceIds: deviceIds && new Set(deviceIds), module }, range),
    isWhole: (ref) => isWithin(ref, from, to),
    filterOf: () => (record) => {
      const { firstUnixNano, lastUnixNano } = readMetricTimes(record)
      return lastUnixNano >= range.from && firstUnixNano <= range.to
    },
  }
}

function isWithin(ref: ChunkRef, from: bigint | undefined, to: bigint | undefined): boolean {
  return (from === undefined || ref.earliestUnixNano >= from) && (to === undefined || ref.latestUnixNano < to)
}

/** Undefined stands for all. */
function inBoth<T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a.filter((item) => b.includes(item))
}
