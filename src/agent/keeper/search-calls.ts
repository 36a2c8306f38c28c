/** Searches, as the main thread may ask for them. Queries come as the JSON somebody sent, answers go back as JSON. */
import type { Steps } from '../../base/steps.ts'
import { jsonInSteps } from '../../query/json-in-steps.ts'
import { listLogs } from '../../query/list-logs.ts'
import { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import type { SearchDeps } from '../../query/search/prepared-search.ts'
import { readSearchQuery, type SearchQuery } from '../../query/search/search-query.ts'
import { searchTraces } from '../../query/search/search-traces.ts'
import { withWholeTraces } from '../../query/search/whole-traces.ts'
import { moved } from '../worker-port.ts'
import type { Keeper } from './keeper.ts'
import type { QueryLimits } from './turns.ts'
import { knowledgeOf, requireView } from './query-deps.ts'

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
      const query = withWholeTraces(readSearchQuery(fields, lane, keeper.deps.clock.now()), keeper.records)
      const { sha256 } = keeper.deps.crypto
      const deps = { source: keeper.search, knowledge: knowledgeOf(keeper), sha256, cache, limits: { hasTime } }
      return moved(yield* jsonInSteps(yield* search(query, deps)))
    }, limits)
  return {
    searchTraces: (fields: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(fields, 'traces', searchTraces, { timeoutMs, signal }),
    searchLogs: (fields: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) =>
      answer(fields, 'logs', listLogs, { timeoutMs, signal }),
  }
}
