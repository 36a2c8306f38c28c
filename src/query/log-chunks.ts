/**
 * Chunks of log records in the order that a page goes, over devices whose clocks differ: each device's part of the time
 * range is worked out on its own clock, so that the index rules out what lies beyond the page's beginning.
 */
import { mergeSorted } from './merge-sorted.ts'
import type { PageDirection } from './page-lines.ts'
import type { PreparedSearch } from './search/prepared-search.ts'
import { logFilter, type RecordFilter } from './search/record-filter.ts'
import type { LogHead } from './search/record-head.ts'
import type { Place } from './search/search-cursor.ts'
import type { SearchQuery } from './search/search-query.ts'
import type { SearchScope } from './search/search-scope.ts'
import type { Candidates, CandidateTotals, SearchChunk, SearchSource } from './search/search-source.ts'
import type { TraceClocks } from './trace-order.ts'
import type { DeviceId } from '../model/ids.ts'

export interface LogPage {
  readonly direction: PageDirection
  readonly begin: Place | undefined
}

/** Logs of one device. */
interface DeviceLogs {
  readonly of: SearchScope
  readonly candidates: Candidates
  readonly hasConditions: boolean
  /** For a chunk that lies within the range, and for one that does not. */
  readonly filterFor: (isWithin: boolean) => RecordFilter<LogHead>
}
export interface DeviceChunk extends Omit<DeviceLogs, 'candidates'> {
  readonly chunk: SearchChunk
  /** Where it is nearest to the page's beginning, on our clock. */
  readonly nearest: bigint
}

export interface LogsOfDevices {
  readonly devices: readonly DeviceLogs[]
  readonly totals: CandidateTotals
}

/**
 * Most chunks sorted for a page that goes towards newer ones, which the index only has the other way round: those
 * nearest to its beginning.
 */
const MAX_SORTED_CHUNKS = 10_000

export function logsOfDevices(
  query: SearchQuery,
  { scope, isDevice }: PreparedSearch,
  page: LogPage,
  clocks: TraceClocks,
  source: SearchSource,
): LogsOfDevices {
  const wanted = scope.devices ?? source.devices('logs')
  const unbounded = logFilter({ ...query, fromUnixNano: undefined, toUnixNano: undefined }, isDevice)
  const devices = wanted.map((deviceId): DeviceLogs => {
    const of = { ...scope, ...rangeOn(deviceId, query, page, clocks), devices: [deviceId] }
    const bounded = logFilter({ ...query, fromUnixNano: of.fromUnixNano, toUnixNano: of.toUnixNano }, isDevice)
    return {
      of,
      candidates: source.candidates(of),
      hasConditions: query.conditions.length > 0,
      filterFor: (isWithin) => (isWithin ? unbounded : bounded),
    }
  })
  return { devices, totals: devices.map(({ candidates }) => candidates.totals).reduce(addTotals, NO_TOTALS) }
}

export function inPageOrder(
  { devices }: LogsOfDevices,
  { direction }: LogPage,
  clocks: TraceClocks,
): Iterable<DeviceChunk> {
  const latestFirst = mergeSorted(
    devices.map((logs) => chunksOf(logs, clocks)),
    (a, b) => compareNanos(b.nearest, a.nearest),
  )
  if (direction === 'older') return latestFirst
  return lastOf(latestFirst, MAX_SORTED_CHUNKS)
    .map((each) => ({ ...each, nearest: clocks.corrected(each.chunk.deviceId, each.chunk.earliestUnixNano) }))
    .sort((a, b) => compareNanos(a.nearest, b.nearest))
}

/** A page's beginning on a device's own clock, where that leaves less of the range. */
function rangeOn(
  deviceId: DeviceId,
  { fromUnixNano, toUnixNano }: SearchQuery,
  { direction, begin }: LogPage,
  clocks: TraceClocks,
) {
  if (begin === undefined) return { fromUnixNano, toUnixNano }
  const recorded = begin.value - clocks.corrected(deviceId, 0n)
  if (direction === 'newer') return { fromUnixNano: -least(-(fromUnixNano ?? recorded), -recorded), toUnixNano }
  // Lines of the very moment may still belong to the page, if something tells them apart.
  const end = begin.tie === '' ? recorded : recorded + 1n
  return { fromUnixNano, toUnixNano: least(toUnixNano ?? end, end) }
}

function* chunksOf({ candidates, ...logs }: DeviceLogs, clocks: TraceClocks): Generator<DeviceChunk> {
  for (const chunk of candidates.chunks) {
    yield { ...logs, chunk, nearest: clocks.corrected(chunk.deviceId, chunk.latestUnixNano) }
  }
}

/** Holds twice as many at most. */
function lastOf<T>(items: Iterable<T>, most: number): readonly T[] {
  let kept: T[] = []
  for (const item of items) {
    kept.push(item)
    if (kept.length >= 2 * most) kept = kept.slice(-most)
  }
  return kept.slice(-most)
}

const NO_TOTALS: CandidateTotals = { chunks: 0, edgeChunks: 0, records: 0 }

function addTotals(a: CandidateTotals, b: CandidateTotals): CandidateTotals {
  return { chunks: a.chunks + b.chunks, edgeChunks: a.edgeChunks + b.edgeChunks, records: a.records + b.records }
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function compareNanos(a: bigint, b: bigint): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
