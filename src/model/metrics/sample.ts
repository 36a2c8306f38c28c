/**
 * One recorded value of one metric series (docs/spec/metrics.md). Times are whole milliseconds since 1970 on the clock of
 * the device that recorded it; a series has at most one sample a millisecond.
 */
import type { Distribution } from './distribution.ts'
import type { Exemplar } from './exemplar.ts'

/** A number; or what a histogram, exponential histogram or summary holds. */
export type Value = number | Distribution

/** What becomes of a series' values over time, whatever OpenTelemetry calls its kind. */
export type Behaviour =
  /** Each value stands for itself: gauges, and sums that go up and down. */
  | 'state'
  /** Each value is what was added since the one before. */
  | 'delta'
  /** Each value is what was added since its start: it grows until it is reset. */
  | 'counter'

export interface Sample {
  readonly timeMs: number
  /** Since when it has been counted; 0 where that is not known. */
  readonly startMs: number
  /** Undefined: the program said that there is no value now. */
  readonly value: Value | undefined
}
export interface ValuedSample extends Sample {
  readonly value: Value
}
export interface SampleWithExemplars extends Sample {
  readonly exemplars?: readonly Exemplar[]
}

export function hasValue(sample: Sample): sample is ValuedSample {
  return sample.value !== undefined
}

/**
 * One sample a time, in order of time. Of several at one time the same one is left whatever order they came in, so that
 * retries and copies change nothing: the one with a value, the latest start, the larger value.
 */
export function sortSamples<T extends Sample>(samples: readonly T[]): readonly T[] {
  if (isSorted(samples)) return samples
  const sorted = samples.toSorted((a, b) => a.timeMs - b.timeMs || compareSameTime(b, a))
  return sorted.filter((sample, i) => sample.timeMs !== sorted[i - 1]?.timeMs)
}

function isSorted(samples: readonly Sample[]): boolean {
  for (let i = 1; i < samples.length; i++) {
    if ((samples[i] as Sample).timeMs <= (samples[i - 1] as Sample).timeMs) return false
  }
  return true
}

function compareSameTime(a: Sample, b: Sample): number {
  if (a.value === undefined || b.value === undefined)
    return Number(a.value !== undefined) - Number(b.value !== undefined)
  return a.startMs - b.startMs || compareNumbers(sortKey(a.value), sortKey(b.value))
}

/** Enough to choose between copies that differ: which of them is meant nobody can say. */
function sortKey(value: Value): readonly number[] {
  if (typeof value === 'number') return [value]
  const { count, sum, min, max, buckets, quantiles, exponential } = value
  const spans = exponential === undefined ? [] : [exponential.positive, exponential.negative]
  const own = exponential === undefined ? [] : [exponential.scale, exponential.zeroCount, exponential.zeroThreshold]
  return [
    count,
    sum,
    min,
    max,
    ...buckets,
    ...quantiles,
    ...own,
    ...spans.flatMap(({ offset, counts }) => [offset, ...counts]),
  ]
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [left, right] = [a[i] ?? Number.NEGATIVE_INFINITY, b[i] ?? Number.NEGATIVE_INFINITY]
    if (left > right || (Number.isNaN(right) && !Number.isNaN(left))) return 1
    if (left < right || (Number.isNaN(left) && !Number.isNaN(right))) return -1
  }
  return 0
}
