/** What the main thread may ask about metrics. Like every query, in steps, and made JSON on this thread. */
import { jsonInSteps } from '../../query/json-in-steps.ts'
import { listMetrics } from '../../query/metrics/list-metrics.ts'
import { queryRange, type RangeQuery } from '../../query/metrics/range-query.ts'
import type { MetricSource } from '../../query/metrics/metric-source.ts'
import type { MeshKnowledge } from '../../query/trace-source.ts'
import { moved } from '../worker-port.ts'
import type { Turns } from './turns.ts'

/** @param shown what the stage shows of metrics; throws at one that shows none */
export function metricCalls(
  { turns }: { readonly turns: Turns },
  knowledge: () => MeshKnowledge,
  shown: () => MetricSource,
) {
  return {
    metricList(limit: number | undefined) {
      return turns.run(function* () {
        const source = shown()
        return moved(yield* jsonInSteps(yield* listMetrics({ source, knowledge: knowledge() }, limit)))
      })
    },
    metricRange(query: RangeQuery) {
      return turns.run(function* () {
        const source = shown()
        return moved(yield* jsonInSteps(yield* queryRange(query, { source, knowledge: knowledge() })))
      })
    },
  }
}
