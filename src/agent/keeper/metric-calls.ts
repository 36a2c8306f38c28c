/** What the main thread may ask about metrics. Like every query, in steps, and made JSON on this thread. */
import { jsonInSteps } from '../../query/json-in-steps.ts'
import { listMetrics } from '../../query/metrics/list-metrics.ts'
import { queryRange, type RangeQuery } from '../../query/metrics/range-query.ts'
import type { MetricSource } from '../../query/metrics/metric-source.ts'
import type { MeshKnowledge } from '../../query/trace-source.ts'
import { moved } from '../worker-port.ts'
import type { Turns } from './turns.ts'

export interface MetricCallsDeps {
  readonly turns: Turns
  readonly metrics: MetricSource
}

/** @param requireView throws at a stage that does not show metrics */
export function metricCalls(
  { turns, metrics: source }: MetricCallsDeps,
  knowledge: () => MeshKnowledge,
  requireView: () => void,
) {
  return {
    metricList(limit: number | undefined) {
      return turns.run(function* () {
        requireView()
        return moved(yield* jsonInSteps(yield* listMetrics({ source, knowledge: knowledge() }, limit)))
      })
    },
    metricRange(query: RangeQuery) {
      return turns.run(function* () {
        requireView()
        return moved(yield* jsonInSteps(yield* queryRange(query, { source, knowledge: knowledge() })))
      })
    },
  }
}
