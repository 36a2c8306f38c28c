/**
 * What is kept of the samples of one series in one stretch of time. Rolling up is associative: minutes made of samples
 * and then hours made of minutes say what hours made of samples say (sums up to rounding).
 */
import { add, type Distribution } from './distribution.ts'
import { hasValue, type Behaviour, type Sample, type Value, type ValuedSample } from './sample.ts'
import { increaseBetween, transition } from './transition.ts'

interface RollupBase {
  /** Samples with a value. */
  readonly points: number
}
/** Numbers of a state, or numbers added. Without points: nothing was recorded but that there is no value. */
export interface NumberRollup extends RollupBase {
  readonly kind: 'numbers'
  readonly min: number
  readonly max: number
  readonly sum: number
  readonly last: number
  /** Of the last sample, one that says that there is no value included. */
  readonly lastMs: number
  /** The last sample said that there is no value: what was before holds no longer. */
  readonly hasEnded: boolean
}
/** A counter, of a number or a distribution. */
export interface CounterRollup extends RollupBase {
  readonly kind: 'counter'
  readonly first: ValuedSample
  readonly last: ValuedSample
  /** From the first to the last, unless that is the difference of the two: there was a reset or an overlap between. */
  readonly change: Value | undefined
}
/** Distributions added. */
export interface DeltaRollup extends RollupBase {
  readonly kind: 'delta'
  readonly total: Distribution
  readonly lastMs: number
}
export type Rollup = NumberRollup | CounterRollup | DeltaRollup

/** One sample; undefined if it says nothing that is kept. */
export function rollupOf(sample: Sample, behaviour: Behaviour): Rollup | undefined {
  const { timeMs: lastMs } = sample
  if (!hasValue(sample)) {
    if (behaviour !== 'state') return undefined
    return { kind: 'numbers', points: 0, min: Infinity, max: -Infinity, sum: 0, last: 0, lastMs, hasEnded: true }
  }
  const { value } = sample
  if (behaviour === 'counter') {
    return { kind: 'counter', points: 1, first: sample, last: sample, change: undefined }
  }
  if (typeof value !== 'number') return { kind: 'delta', points: 1, total: value, lastMs }
  return { kind: 'numbers', points: 1, min: value, max: value, sum: value, last: value, lastMs, hasEnded: false }
}

/** All of `before` is earlier than `after`, and both are of one series. */
export function mergeRollups(before: Rollup, after: Rollup): Rollup {
  const points = before.points + after.points
  if (before.kind === 'numbers' && after.kind === 'numbers') return mergeNumbers(before, after)
  if (before.kind === 'counter' && after.kind === 'counter') {
    return { kind: 'counter', points, first: before.first, last: after.last, change: joinedChange(before, after) }
  }
  if (before.kind === 'delta' && after.kind === 'delta') {
    return { kind: 'delta', points, total: add(before.total, after.total), lastMs: after.lastMs }
  }
  return after // two kinds in one series: only damage makes that, and the later one is as good
}

/** Samples in order of time, by stretch; the key is the stretch's start in milliseconds. */
export function rollUp(
  samples: Iterable<Sample>,
  behaviour: Behaviour,
  stretchMs: number,
): ReadonlyMap<number, Rollup> {
  const rollups = new Map<number, Rollup>()
  for (const sample of samples) {
    const rollup = rollupOf(sample, behaviour)
    if (rollup === undefined) continue
    const start = Math.floor(sample.timeMs / stretchMs) * stretchMs
    const known = rollups.get(start)
    rollups.set(start, known === undefined ? rollup : mergeRollups(known, rollup))
  }
  return rollups
}

/** What a counter added from the first to the last of these samples. */
export function changeOf({ first, last, change }: CounterRollup): Value {
  return change ?? increaseBetween(first, last)
}

export function addValues(a: Value, b: Value): Value {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) + Number(b)
  return add(a, b)
}

function mergeNumbers(before: NumberRollup, after: NumberRollup): NumberRollup {
  return {
    kind: 'numbers',
    points: before.points + after.points,
    min: Math.min(before.min, after.min),
    max: Math.max(before.max, after.max),
    sum: before.sum + after.sum,
    last: after.points > 0 ? after.last : before.last,
    lastMs: after.lastMs,
    hasEnded: after.hasEnded,
  }
}

function joinedChange(before: CounterRollup, after: CounterRollup): Value | undefined {
  const { increase, isPlain } = transition(before.last, after.first)
  if (isPlain && before.change === undefined && after.change === undefined) return undefined
  return addValues(changeOf(before), addValues(increase, changeOf(after)))
}
