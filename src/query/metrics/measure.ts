/**
 * What one series says in each step of an answer. What a counter added between two samples is spread over the steps between
 * them; a state holds until the next sample, at most {@link LOOKBACK_MS} (docs/spec/metrics.md ME43, ME44).
 */
import type { Distribution } from '../../model/metrics/distribution.ts'
import { mergeRollups, type CounterRollup, type NumberRollup, type Rollup } from '../../model/metrics/rollup.ts'
import type { Behaviour, Value } from '../../model/metrics/sample.ts'
import type { Piece } from './read-series.ts'
import { increaseBySteps, type Grid } from './spread-increase.ts'

/** How long a state counts as lasting after its last sample, in milliseconds: five times the usual minute, as Prometheus has it. */
export const LOOKBACK_MS = 5 * 60_000

export interface Measured {
  /** None where a counter added something and no sample was taken. */
  readonly points: number
  /** Nothing was recorded in the step: the value from before still holds. */
  readonly isCarried: boolean
  /** Of numbers; NaN where it is not known. */
  readonly min: number
  readonly max: number
  readonly sum: number
  readonly last: number
  readonly lastMs: number
  /** What was added: a number, or how often which values were recorded; undefined for states, and where it is not known. */
  readonly increase: Value | undefined
}

/** Pieces of one series in order of time; those beside the grid say what came before and after. One place a step. */
export class SeriesSteps {
  readonly #grid: Grid
  readonly #behaviour: Behaviour
  readonly #steps: (Rollup | undefined)[] = []
  #before: Rollup | undefined
  #after: Rollup | undefined

  constructor(grid: Grid, behaviour: Behaviour) {
    this.#grid = grid
    this.#behaviour = behaviour
    for (let step = 0; step < grid.steps; step++) this.#steps.push(undefined)
  }

  add(pieces: readonly Piece[]): void {
    const { fromMs, stepMs, steps } = this.#grid
    for (const [timeMs, rollup] of pieces) {
      const step = Math.floor((timeMs - fromMs) / stepMs)
      const known = this.#steps[step]
      if (step < 0) this.#before = rollup
      else if (step >= steps) this.#after ??= rollup
      else this.#steps[step] = known === undefined ? rollup : mergeRollups(known, rollup)
    }
  }

  measured(): readonly (Measured | undefined)[] {
    if (this.#behaviour === 'counter') return this.#counted()
    const { fromMs, stepMs } = this.#grid
    let before = this.#before
    return this.#steps.map((rollup, step) => {
      const held = this.#behaviour === 'state' ? before : undefined
      const measured = rollup === undefined ? carried(held, fromMs + step * stepMs) : measure(rollup)
      before = rollup ?? before
      return measured
    })
  }

  #counted(): readonly (Measured | undefined)[] {
    const rollups = [this.#before, ...this.#steps, this.#after].filter(isCounter)
    const increases = increaseBySteps(rollups, this.#grid)
    return this.#steps.map((rollup, step) => {
      const recorded = rollup !== undefined && isCounter(rollup) ? rollup : undefined
      return measureCounter(recorded, increases[step])
    })
  }
}

function isCounter(rollup: Rollup | undefined): rollup is CounterRollup {
  return rollup?.kind === 'counter'
}

function carried(before: Rollup | undefined, stepStartMs: number): Measured | undefined {
  if (before?.kind !== 'numbers' || before.hasEnded || before.points === 0) return undefined
  if (before.lastMs + LOOKBACK_MS <= stepStartMs) return undefined
  const { last, lastMs } = before
  return { points: 1, isCarried: true, min: last, max: last, sum: last, last, lastMs, increase: undefined }
}

function measure(rollup: Rollup): Measured | undefined {
  if (rollup.points === 0 || rollup.kind === 'counter') return undefined
  if (rollup.kind === 'numbers') return measureNumbers(rollup)
  return measureDistribution(rollup.points, rollup.lastMs, rollup.total)
}

function measureNumbers({ points, min, max, sum, last, lastMs }: NumberRollup): Measured {
  return { points, isCarried: false, min, max, sum, last, lastMs, increase: sum }
}

/** Not carried even without points: what it added is its own, and the same amount in no other step. */
function measureCounter(rollup: CounterRollup | undefined, increase: Value | undefined): Measured | undefined {
  if (rollup === undefined && increase === undefined) return undefined
  const [points, lastMs, last] = [rollup?.points ?? 0, rollup?.last.timeMs ?? Number.NaN, rollup?.last.value]
  if (typeof increase === 'object') {
    // A summary's quantiles are of the time they were taken at, and of no other.
    const quantiles = typeof last === 'object' ? last.quantiles : []
    return measureDistribution(points, lastMs, { ...increase, quantiles })
  }
  const unknown = { min: Number.NaN, max: Number.NaN, sum: increase ?? Number.NaN }
  return { points, isCarried: false, ...unknown, last: Number(last ?? Number.NaN), lastMs, increase }
}

function measureDistribution(points: number, lastMs: number, increase: Distribution): Measured {
  const { min, max, sum } = increase
  return { points, isCarried: false, min, max, sum, last: Number.NaN, lastMs, increase }
}
