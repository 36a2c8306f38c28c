/**
 * How often spans of each service and name happened, how many failed and how long they took, over a search
 * (docs/spec/search.md SQ13). Added up chunk by chunk.
 */
import type { Steps } from '../../base/steps.ts'
import type { SpanKindWord } from '../stitched-trace.ts'
import { spanKindWord } from '../otel-words.ts'
import type { PartMaker } from './chunk-part.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { eachPart } from './each-part.ts'
import { Look, type Looked } from './look.ts'
import { prepareSearch, type PreparedSearch, type SearchDeps } from './prepared-search.ts'
import { spanFilter } from './record-filter.ts'
import { atAnyTime, type SearchQuery } from './search-query.ts'
import type { SearchChunk } from './search-source.ts'
import { Stretches } from './stretches.ts'
import { rowsOf, statisticsPart, type StatisticsPart, type StatisticsRow } from './statistics-part.ts'

/** Rows when the caller names no limit. */
export const DEFAULT_STATISTICS_LIMIT = 100
/** Most groups counted apart, for names that hold ids are without end: each weighs 5 KB while it is counted. */
export const MAX_GROUPS = 2000
const GROUPS_PER_STEP = 256
const NANOS_PER_MS = 1e6

export interface SpanStatistics {
  readonly module: string
  readonly service: string | null
  readonly name: string
  readonly kind: SpanKindWord
  readonly spans: number
  readonly errors: number
  /** Spans in a second of the range; null where that has no length. */
  readonly perSecond: number | null
  readonly totalMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}
export interface StatisticsList {
  /** The most spans first. */
  readonly statistics: readonly SpanStatistics[]
  /** Spans of what is not listed. */
  readonly others: { readonly spans: number; readonly errors: number }
  /** How long the range is that was looked at; without a beginning, the time in which there are spans. */
  readonly seconds: number
  readonly looked: Looked
}

export interface StatisticsDeps extends SearchDeps {
  readonly nowUnixMs: number
}

export function* spanStatistics(query: SearchQuery, deps: StatisticsDeps): Steps<StatisticsList> {
  const search = prepareSearch(query, deps)
  const look = new Look(deps.limits)
  const groups = new Groups()
  const add = (part: StatisticsPart, { module }: SearchChunk): void => groups.add(part, module)
  const ofChunks = yield* eachPart(search.scope, deps, look, partMaker(query, search), add)
  const looked = look.result(ofChunks)
  const seconds = secondsOf(query, deps.nowUnixMs, looked, groups)
  const all = groups.sorted()
  const limit = query.limit ?? DEFAULT_STATISTICS_LIMIT
  return {
    statistics: yield* describeAll(all.slice(0, limit), seconds),
    others: groups.others(all.slice(limit)),
    seconds,
    looked,
  }
}

function partMaker(query: SearchQuery, { key, isDevice }: PreparedSearch): PartMaker<StatisticsPart> {
  const [bounded, unbounded] = [spanFilter(query, isDevice), spanFilter(atAnyTime(query), isDevice)]
  return {
    name: `statistics ${key}`,
    *make(payload, chunk, isWhole) {
      yield
      return statisticsPart(isWhole ? unbounded : bounded, payload, chunk)
    },
  }
}

interface Group {
  readonly module: string
  readonly service: string | null
  readonly name: string
  readonly kind: SpanKindWord
  readonly durations: DurationHistogram
  errors: number
  totalNano: number
}

/** All groups, with a bound on how many there are. */
class Groups {
  readonly #groups = new Map<string, Group>()
  #otherSpans = 0
  #otherErrors = 0
  readonly stretches = new Stretches()

  add(part: StatisticsPart, module: string): void {
    for (const row of rowsOf(part)) this.#addRow(row, module)
    this.stretches.addAll(part.stretches)
  }

  /** The most spans first. */
  sorted(): readonly Group[] {
    return [...this.#groups.values()].sort((a, b) => b.durations.count - a.durations.count || b.errors - a.errors)
  }

  others(unlisted: readonly Group[]): StatisticsList['others'] {
    return {
      spans: unlisted.reduce((sum, { durations }) => sum + durations.count, this.#otherSpans),
      errors: unlisted.reduce((sum, { errors }) => sum + errors, this.#otherErrors),
    }
  }

  #addRow(
    { service, name, kind, errors, totalNano, shortestNano, longestNano, durations }: StatisticsRow,
    module: string,
  ) {
    const group = this.#groupOf(module, service, name, spanKindWord(kind))
    if (group === undefined) {
      this.#otherErrors += errors
      this.#otherSpans += durations.counts.reduce((sum, count) => sum + count, 0)
      return
    }
    group.errors += errors
    group.totalNano += totalNano
    group.durations.addAll(durations)
    group.durations.widen(shortestNano, longestNano)
  }

  /** Undefined where there is no room for another. */
  #groupOf(module: string, service: string | null, name: string, kind: SpanKindWord): Group | undefined {
    const key = JSON.stringify([module, service, name, kind])
    const known = this.#groups.get(key)
    if (known !== undefined || this.#groups.size >= MAX_GROUPS) return known
    const group: Group = { module, service, name, kind, errors: 0, totalNano: 0, durations: new DurationHistogram() }
    this.#groups.set(key, group)
    return group
  }
}

/**
 * From the range's beginning, or where it was cut, to its end, or now. Of a range without a beginning, the time in which
 * there are spans: one with a wrong time must not make it decades.
 */
function secondsOf(query: SearchQuery, nowUnixMs: number, looked: Looked, { stretches }: Groups): number {
  const cutMs = looked.backToUnixNano === null ? 0 : Number(looked.backToUnixNano) / NANOS_PER_MS
  const { fromUnixNano: from, toUnixNano: to } = query
  const endMs = to === undefined ? undefined : Number(to) / NANOS_PER_MS
  if (from === undefined) {
    if (endMs !== undefined) stretches.add(endMs)
    return stretches.lengthMs(cutMs) / 1000
  }
  const beginMs = Math.max(cutMs, Number(from) / NANOS_PER_MS)
  return Math.max(0, (endMs ?? nowUnixMs) - beginMs) / 1000
}

/** In steps: to find four percentiles in a group takes some microseconds. */
function* describeAll(groups: readonly Group[], seconds: number): Steps<readonly SpanStatistics[]> {
  const rows: SpanStatistics[] = []
  for (const group of groups) {
    rows.push(describe(group, seconds))
    if (rows.length % GROUPS_PER_STEP === 0) yield
  }
  return rows
}

function describe(group: Group, seconds: number): SpanStatistics {
  const { module, service, name, kind, errors, totalNano, durations } = group
  const percentile = (part: number): number => durations.quantile(part) / NANOS_PER_MS
  return {
    module,
    service,
    name,
    kind,
    spans: durations.count,
    errors,
    perSecond: seconds > 0 ? durations.count / seconds : null,
    totalMs: totalNano / NANOS_PER_MS,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    maxMs: durations.longestNano / NANOS_PER_MS,
  }
}
