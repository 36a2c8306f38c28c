/** Searches, as the main thread may ask for them. Queries come as the JSON somebody sent, answers go back as JSON. */
import type { Steps } from '../../base/steps.ts'
import { decideView, type View } from '../../policy/stage-gate.ts'
import { jsonInSteps } from '../../query/json-in-steps.ts'
import { listLogs } from '../../query/list-logs.ts'
import { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { SearchLane } from '../../query/search/condition.ts'
import { errorGroups } from '../../query/search/error-groups.ts'
import { SearchError } from '../../query/search/search-error.ts'
import { readSearchQuery, readTotalsQuery, type SearchQuery } from '../../query/search/search-query.ts'
import { searchTraces } from '../../query/search/search-traces.ts'
import { serviceMap } from '../../query/search/service-map.ts'
import { spanStatistics, type StatisticsDeps } from '../../query/search/span-statistics.ts'
import { withWholeTraces } from '../../query/search/whole-traces.ts'
import { moved } from '../worker-port.ts'
import type { Keeper } from './keeper.ts'
import { knowledgeOf, requireView } from './query-deps.ts'
import type { QueryLimits } from './turns.ts'

type Fields = Readonly<Record<string, unknown>>
type Search = (query: SearchQuery, deps: StatisticsDeps) => Steps<object>
interface Timeout {
  readonly timeoutMs?: number | undefined
}

export function searchCalls(keeper: Keeper) {
  const cache = new ChunkCache()
  const answer = (view: View, search: (deps: StatisticsDeps) => Steps<object>, limits: QueryLimits) =>
    keeper.turns.run(function* ({ hasTime }) {
      requireView(keeper, view)
      const deps = {
        source: keeper.search,
        knowledge: knowledgeOf(keeper),
        sha256: keeper.deps.crypto.sha256,
        cache,
        limits: { hasTime },
        nowUnixMs: keeper.deps.clock.now(),
      }
      return moved(yield* jsonInSteps(yield* search(deps)))
    }, limits)
  const read = (fields: Fields, lane: SearchLane, readQuery = readSearchQuery): SearchQuery =>
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
    errorGroups(fields: Fields, { timeoutMs }: Timeout = {}, signal?: AbortSignal) {
      const queries = () => queriesOf(lanesOfErrors(keeper), (lane) => read(fields, lane, readTotalsQuery))
      return answer('errors', (deps) => errorGroups(queries(), deps), { timeoutMs, signal })
    },
  }
}

/** Errors are shown at any stage, spans are not. */
function lanesOfErrors(keeper: Keeper): readonly SearchLane[] {
  return decideView(keeper.stage, 'traces').allow ? ['logs', 'traces'] : ['logs']
}

/** One for each lane whose records have all the fields it names. @throws {SearchError} if that is none */
function queriesOf(lanes: readonly SearchLane[], read: (lane: SearchLane) => SearchQuery): readonly SearchQuery[] {
  const problems: SearchError[] = []
  const queries = lanes.flatMap((lane) => {
    try {
      return [read(lane)]
    } catch (err) {
      if (!(err instanceof SearchError) || err.details['onlyOf'] === undefined) throw err
      problems.push(err)
      return []
    }
  })
  const [problem] = problems
  if (queries.length === 0 && problem !== undefined) throw problem
  return queries
}
