/**
 * Samples of one series <-> entries of a raw block. An entry's numbers are the value; or count, sum, least, largest and
 * then the buckets, or the quantiles' values, or zero count and zero threshold with two spans. Flag 1: no value.
 */
import type { Distribution, Exponential } from '../../model/metrics/distribution.ts'
import type { Sample, Value } from '../../model/metrics/sample.ts'
import { malformedBlock } from './metric-block-error.ts'
import { entriesOf, type ColumnRun } from './entry-block.ts'
import type { Entry, ScaledSpan } from './entry-runs.ts'

/** What the values of a series are made of; its number of buckets or quantiles is in its identity. */
export type ValueForm = 'number' | 'buckets' | 'quantiles' | 'exponential'

const FLAG_NO_VALUE = 1
const HEAD_NUMBERS = 4
const EXPONENTIAL_NUMBERS = 6

export interface Parts {
  readonly numbers: readonly number[]
  readonly spans: readonly ScaledSpan[]
}

export function sampleToEntry({ timeMs, startMs, value }: Sample): Entry {
  if (value === undefined) return { timeMs, startMs, flags: FLAG_NO_VALUE, numbers: [], spans: [] }
  return { timeMs, startMs, flags: 0, ...valueToParts(value) }
}

/** @throws {MetricBlockError} if the run is none of a series of this form */
export function runToSamples(run: ColumnRun, form: ValueForm): readonly Sample[] {
  const [values] = run.numbers
  if (form !== 'number' || values === undefined) return entriesOf(run).map((entry) => entryToSample(entry, form))
  if (run.numbers.length > 1 || run.spans.length > 0) throw malformedBlock('a run is none of numbers')
  // Most points there are: no entry is made of each first.
  const { length, times, starts, flags } = run
  return Array.from({ length }, (_, i): Sample => ({
    timeMs: times[i] as number,
    startMs: starts[i] as number,
    value: flags[i] === 0 ? values[i] : undefined,
  }))
}

/** @throws {MetricBlockError} if the entry is none of a series of this form */
export function entryToSample({ timeMs, startMs, flags, ...parts }: Entry, form: ValueForm): Sample {
  return { timeMs, startMs, value: (flags & FLAG_NO_VALUE) === 0 ? partsToValue(parts, form) : undefined }
}

export function valueToParts(value: Value): Parts {
  if (typeof value === 'number') return { numbers: [value], spans: [] }
  const { count, sum, min, max, buckets, quantiles, exponential } = value
  const head = [count, sum, min, max]
  if (exponential === undefined) return { numbers: [...head, ...buckets, ...quantiles], spans: [] }
  const { scale, zeroCount, zeroThreshold, positive, negative } = exponential
  const spans = [positive, negative].map((span) => ({ scale, ...span }))
  return { numbers: [...head, zeroCount, zeroThreshold], spans }
}

/** @throws {MetricBlockError} */
export function partsToValue({ numbers, spans }: Parts, form: ValueForm): Value {
  const [count, sum, min, max] = numbers as readonly [number, number, number, number]
  if (form === 'number') {
    if (numbers.length !== 1 || spans.length > 0) throw malformedBlock('an entry is no number')
    return count
  }
  if (numbers.length < HEAD_NUMBERS) throw malformedBlock('an entry is no distribution')
  const head = { count, sum, min, max, buckets: [], quantiles: [], exponential: undefined } satisfies Distribution
  const rest = numbers.slice(HEAD_NUMBERS)
  if (form === 'exponential') return { ...head, exponential: toExponential(numbers, spans) }
  if (spans.length > 0) throw malformedBlock('an entry has spans')
  return form === 'buckets' ? { ...head, buckets: rest } : { ...head, quantiles: rest }
}

function toExponential(numbers: readonly number[], spans: readonly ScaledSpan[]): Exponential {
  const [positive, negative] = spans
  if (numbers.length !== EXPONENTIAL_NUMBERS || positive === undefined || negative === undefined) {
    throw malformedBlock('an entry is no exponential histogram')
  }
  if (spans.length !== 2 || positive.scale !== negative.scale) throw malformedBlock('two spans differ in scale')
  const [zeroCount, zeroThreshold] = numbers.slice(HEAD_NUMBERS) as [number, number]
  const { scale } = positive
  return { scale, zeroCount, zeroThreshold, positive: spanOf(positive), negative: spanOf(negative) }
}

function spanOf({ offset, counts }: ScaledSpan) {
  return { offset, counts }
}
