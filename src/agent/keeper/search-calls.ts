/** Searches, as the main thread may ask for them. Queries come as the JSON somebody sent, answers go back as JSON. */
import type { Steps } from '../../base/steps.ts'
import { listLogs } from '../../query/list-logs.ts'
import { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import { readSearchQuery, readTotalsQuery, type SearchQuery } from '../../query/search/search-query.ts'
import { searchTraces } from '../../query/search/search-traces.ts'
import { serviceMap } from '../../query/search/service-map.ts'
import { spanStatistics, type StatisticsDeps } from '../../query/search/span-statistics.ts'
import { withWholeTraces } from '../../query/search/whole-traces.ts'
import { errorCalls } from './error-calls.ts'
import type { Keeper } from './keeper.ts'
import { searchAnswers } from './search-answers.ts'

type Fields = Readonly<Record<string, unknown>>
type Search = (query: SearchQuery, deps: StatisticsDeps) => Steps<object>
interface Timeout {
  readonly timeoutMs?: number | undefined
}

export function searchCalls(keeper: Keeper) {
  const cache = new ChunkCache()
  const answer = searchAnswers(keeper, cache)
  const read = (fields: Fields, lane: SearchLane, readQuery: typeof readSearchQuery): SearchQuery =>
    withWholeTraces(readQuery(fields, lane, keeper.deps.clock.now()), keeper.records)
  const call = (lane: SearchLane, search: Search, readQuery = readSearchQuery) => {
    return (fields: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(lane, (deps) => search(read(fields, lane, readQuery), deps), { timeoutMs, signal })
  }
  return {
    searchTraces: call('traces', searchTraces),
    searchLogs: call('logs', listLogs),
    serviceMap: call('traces', serviceMap, readTotalsQuery),
    spanStatistics: call('traces', spanStatistics, readTotalsQuery),
    ...errorCalls(keeper, cache),
  }
}
