/**
 * What one series says in each step of an answer. Counters say what they added since the sample before, also when that is in
 * an earlier step; a state holds until the next sample, at most {@link LOOKBACK_MS} (docs/spec/metrics.md ME43, ME44).
 */
import type { Distribution } from '../../model/metrics/distribution.ts'
import { addValues, changeOf, mergeRollups, type NumberRollup, type Rollup } from '../../model/metrics/rollup.ts'
import type { Behaviour, Value, ValuedSample } from '../../model/metrics/sample.ts'
import { increaseBetween } from '../../model/metrics/transition.ts'
import type { Piece } from './read-series.ts'

/** How long a state counts as lasting after its last sample, in milliseconds: five times the usual minute, as Prometheus has it. */
export const LOOKBACK_MS = 5 * 60_000

export interface Measured {
  readonly points: number
  /** Nothing was recorded in the step: the value from before still holds. */
  readonly isCarried: boolean
  /** Of numbers; NaN where it is not known. */
  readonly min: number
  readonly max: number
  readonly sum: number
  readonly last: number
  readonly lastMs: number
  /** What was added: a number, or how often which values were recorded; undefined for states. */
  readonly increase: Value | undefined
}
export interface Grid {
  readonly fromMs: number
  readonly stepMs: number
  readonly steps: number
}

/** Pieces of one series in order of time; those before the grid say what came before. One place a step. */
export class SeriesSteps {
  readonly #grid: Grid
  readonly #behaviour: Behaviour
  readonly #steps: (Rollup | undefined)[] = []
  #before: Rollup | undefined

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
      else if (step < steps) this.#steps[step] = known === undefined ? rollup : mergeRollups(known, rollup)
    }
  }

  measured(): readonly (Measured | undefined)[] {
    const { fromMs, stepMs } = this.#grid
    let before = this.#before
    return this.#steps.map((rollup, step) => {
      const held = this.#behaviour === 'state' ? before : undefined
      const measured = rollup === undefined ? carried(held, fromMs + step * stepMs) : measure(before, rollup)
      before = rollup ?? before
      return measured
    })
  }
}

function carried(before: Rollup | undefined, stepStartMs: number): Measured | undefined {
  if (before?.kind !== 'numbers' || before.hasEnded || before.points === 0) return undefined
  if (before.lastMs + LOOKBACK_MS <= stepStartMs) return undefined
  const { last, lastMs } = before
  return { points: 1, isCarried: true, min: last, max: last, sum: last, last, lastMs, increase: undefined }
}

function measure(before: Rollup | undefined, rollup: Rollup): Measured | undefined {
  if (rollup.points === 0) return undefined
  switch (rollup.kind) {
    case 'numbers':
      return measureNumbers(rollup)
    case 'delta':
      return measureDistribution(rollup.points, rollup.lastMs, rollup.total)
    case 'counter': {
      const { first, last, points } = rollup
      const increase = addValues(increaseBetween(lastOf(before), first), changeOf(rollup))
      if (typeof increase !== 'number') return measureDistribution(points, last.timeMs, increase)
      const unknown = { min: Number.NaN, max: Number.NaN, sum: increase }
      return { points, isCarried: false, ...unknown, last: Number(last.value), lastMs: last.timeMs, increase }
    }
  }
}

function measureNumbers({ points, min, max, sum, last, lastMs }: NumberRollup): Measured {
  return { points, isCarried: false, min, max, sum, last, lastMs, increase: sum }
}

function measureDistribution(points: number, lastMs: number, increase: Distribution): Measured {
  const { min, max, sum } = increase
  return { points, isCarried: false, min, max, sum, last: Number.NaN, lastMs, increase }
}

function lastOf(before: Rollup | undefined): ValuedSample | undefined {
  return before?.kind === 'counter' ? before.last : undefined
}
