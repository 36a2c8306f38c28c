/**
 * What a counter added in each step (docs/spec/metrics.md ME44). Between two samples nobody looked: what was added there is
 * taken to have come evenly, so that a step finer than the samples, or beside them, says what its time has a share of.
 * Steps of any length add up to the same.
 */
import { shareOf } from '../../model/metrics/distribution.ts'
import { addValues, changeOf, type CounterRollup } from '../../model/metrics/rollup.ts'
import type { Value, ValuedSample } from '../../model/metrics/sample.ts'
import { transition } from '../../model/metrics/transition.ts'

export interface Grid {
  readonly fromMs: number
  readonly stepMs: number
  readonly steps: number
}

/**
 * One place a step; undefined where nothing is known of it.
 * @param rollups in order of time, each within one step, with those just before and after the grid
 */
export function increaseBySteps(rollups: readonly CounterRollup[], grid: Grid): readonly (Value | undefined)[] {
  const added: (Value | undefined)[] = Array.from({ length: grid.steps })
  const give = (step: number, value: Value): void => {
    const known = added[step]
    added[step] = known === undefined ? value : addValues(known, value)
  }
  let before: ValuedSample | undefined
  for (const rollup of rollups) {
    spread(before, rollup.first, grid, give)
    const step = Math.floor((rollup.first.timeMs - grid.fromMs) / grid.stepMs)
    if (rollup.points > 1 && step >= 0 && step < grid.steps) give(step, changeOf(rollup))
    before = rollup.last
  }
  return added
}

function spread(
  before: ValuedSample | undefined,
  after: ValuedSample,
  { fromMs, stepMs, steps }: Grid,
  give: (step: number, value: Value) => void,
): void {
  const { increase, sinceMs } = transition(before, after)
  const lengthMs = after.timeMs - sinceMs
  if (lengthMs === 0) return
  const firstStep = Math.max(0, Math.floor((sinceMs - fromMs) / stepMs))
  for (let step = firstStep; step < steps; step++) {
    const startMs = fromMs + step * stepMs
    if (startMs >= after.timeMs) break
    const withinMs = Math.min(after.timeMs, startMs + stepMs) - Math.max(sinceMs, startMs)
    give(step, withinMs === lengthMs ? increase : partOf(increase, withinMs / lengthMs))
  }
}

function partOf(value: Value, share: number): Value {
  return typeof value === 'number' ? value * share : shareOf(value, share)
}
