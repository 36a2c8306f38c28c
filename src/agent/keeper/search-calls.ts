/** Searches, as the main thread may ask for them. Queries come as the JSON somebody sent, answers go back as JSON. */
import type { Steps } from '../../base/steps.ts'
import { jsonInSteps } from '../../query/json-in-steps.ts'
import { listLogs, type LogFilter } from '../../query/list-logs.ts'
import { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import type { SearchDeps } from '../../query/search/prepared-search.ts'
import { MAX_LIST_LIMIT, readSearchQuery, type SearchQuery } from '../../query/search/search-query.ts'
import { searchTraces } from '../../query/search/search-traces.ts'
import { moved } from '../worker-port.ts'
import type { Keeper } from './keeper.ts'
import type { QueryLimits } from './turns.ts'
import { knowledgeOf, queryDeps, requireView } from './query-deps.ts'

type Fields = Readonly<Record<string, unknown>>
type Search = (query: SearchQuery, deps: SearchDeps) => Steps<object>
interface Timeout {
  readonly timeoutMs?: number | undefined
}

export function searchCalls(keeper: Keeper) {
  const cache = new ChunkCache()
  const answer = (
    fields: Fields,
    lane: SearchLane,
    search: Search,
    limits: QueryLimits,
  ): Promise<readonly Uint8Array[]> =>
    keeper.turns.run(function* ({ hasTime }) {
      requireView(keeper, lane)
      const query = readSearchQuery(fields, lane, keeper.deps.clock.now())
      const { sha256 } = keeper.deps.crypto
      const deps = { source: keeper.search, knowledge: knowledgeOf(keeper), sha256, cache, limits: { hasTime } }
      return moved(yield* jsonInSteps(yield* search(query, deps)))
    }, limits)
  return {
    /** The newest traces. */
    traceList: (limit: number | undefined, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(limit === undefined ? {} : { limit: clamp(limit) }, 'traces', searchTraces, { timeoutMs, signal }),
    searchTraces: (fields: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(fields, 'traces', searchTraces, { timeoutMs, signal }),
    logList(filter: LogFilter, limit: number | undefined, { timeoutMs }: Timeout = {}, signal?: AbortSignal) {
      return keeper.turns.run(
        function* () {
          requireView(keeper, 'logs')
          return moved(yield* jsonInSteps(yield* listLogs(filter, queryDeps(keeper), limit)))
        },
        { timeoutMs, signal },
      )
    },
  }
}

function clamp(limit: number): number {
  return Math.min(Math.max(Math.trunc(limit), 1), MAX_LIST_LIMIT)
}
