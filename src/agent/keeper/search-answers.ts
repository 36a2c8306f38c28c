/** How a search is answered: within a view of the stage, in turns with all else, as JSON. */
import type { Steps } from '../../base/steps.ts'
import type { View } from '../../policy/stage-gate.ts'
import { jsonInSteps } from '../../query/json-in-steps.ts'
import type { ChunkCache } from '../../query/search/chunk-cache.ts'
import type { StatisticsDeps } from '../../query/search/span-statistics.ts'
import { moved } from '../worker-port.ts'
import type { Keeper } from './keeper.ts'
import { knowledgeOf, requireView } from './query-deps.ts'
import type { QueryLimits } from './turns.ts'

export function searchAnswers(keeper: Keeper, cache: ChunkCache) {
  return (view: View, search: (deps: StatisticsDeps) => Steps<object>, limits: QueryLimits) =>
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
}
