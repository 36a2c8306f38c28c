/** The functions of a range query: which of them a kind of metric has, and what they make of its series in one step. */
import type { Distribution } from '../../model/metrics/distribution.ts'
import type { MetricKind } from '../../wire/metrics/series-identity.ts'
import { rollupFormOf } from '../../wire/metrics/series-identity.ts'
import type { Measured } from './measure.ts'
import { quantileOf } from './quantile.ts'

export const METRIC_FUNCTIONS = [
  'avg',
  'min',
  'max',
  'sum',
  'last',
  'rate',
  'increase',
  'count',
  'p50',
  'p90',
  'p99',
] as const
export type MetricFunction = (typeof METRIC_FUNCTIONS)[number]

const QUANTILES: Readonly<Partial<Record<MetricFunction, number>>> = { p50: 0.5, p90: 0.9, p99: 0.99 }

export function isMetricFunction(text: string): text is MetricFunction {
  return (METRIC_FUNCTIONS as readonly string[]).includes(text)
}

/** The first one is what is shown unless another is asked for. */
export function functionsFor(kind: MetricKind): readonly [MetricFunction, ...MetricFunction[]] {
  const { behaviour, form } = rollupFormOf(kind)
  if (form === 'quantiles') return ['rate', 'increase', 'avg', 'sum', 'count', 'p50', 'p90', 'p99']
  if (form !== 'number') return ['p90', 'p50', 'p99', 'avg', 'min', 'max', 'sum', 'rate', 'increase', 'count']
  if (behaviour === 'counter') return ['rate', 'increase', 'sum', 'last', 'count']
  if (behaviour === 'state') return ['avg', 'min', 'max', 'sum', 'last', 'count']
  const first: MetricFunction = kind.isMonotonic ? 'rate' : 'increase'
  return [
    first,
    ...(['rate', 'increase', 'sum', 'avg', 'min', 'max', 'last', 'count'] as const).filter((each) => each !== first),
  ]
}

/** One series in one step, with what its identity says of its values. */
export interface MeasuredSeries {
  readonly measured: Measured
  /** Explicit bounds, or quantiles. */
  readonly shape: readonly number[]
}

/** Undefined where nothing can be said. `series` are of one kind; all of them together are one line. */
export function applyFunction(
  fn: MetricFunction,
  kind: MetricKind,
  all: readonly MeasuredSeries[],
  stepMs: number,
): number | undefined {
  const series = all.filter(({ measured }) => isSaid(fn, kind, measured))
  if (series.length === 0) return undefined
  return knownOf(apply(fn, kind, series, stepMs))
}

/** What only still holds was not recorded: it is neither counted nor added. Nor is a counter's last value known between samples. */
function isSaid(fn: MetricFunction, kind: MetricKind, { points, isCarried, increase }: Measured): boolean {
  const { behaviour, form } = rollupFormOf(kind)
  if (fn === 'last') return points > 0
  if (fn === 'count' && form === 'number') return points > 0 && !isCarried
  return behaviour !== 'counter' || increase !== undefined
}

function apply(
  fn: MetricFunction,
  kind: MetricKind,
  series: readonly MeasuredSeries[],
  stepMs: number,
): number | undefined {
  const { behaviour, form } = rollupFormOf(kind)
  switch (fn) {
    case 'min':
      return Math.min(...series.map(({ measured }) => measured.min))
    case 'max':
      return Math.max(...series.map(({ measured }) => measured.max))
    case 'avg':
      return total(series, ({ sum }) => sum) / total(series, form === 'number' ? ({ points }) => points : increaseOf)
    case 'sum':
      return total(series, behaviour === 'state' ? ({ sum, points }) => sum / points : ({ sum }) => sum)
    case 'last':
      return kind.type === 'gauge' ? latest(series).last : total(series, ({ last }) => last)
    case 'increase':
      return total(series, increaseOf)
    case 'rate':
      return total(series, increaseOf) / (stepMs / 1000)
    case 'count':
      return total(series, form === 'number' ? ({ points }) => points : increaseOf)
    default:
      return form === 'quantiles'
        ? recordedQuantile(series, QUANTILES[fn])
        : countedQuantile(series, QUANTILES[fn] as number)
  }
}

/** Of distributions: of how many values. */
function increaseOf({ increase }: Measured): number {
  if (typeof increase === 'number') return increase
  return increase?.count ?? Number.NaN
}

function latest(series: readonly MeasuredSeries[]): Measured {
  return series.map(({ measured }) => measured).reduce((best, each) => (each.lastMs > best.lastMs ? each : best))
}

function total(series: readonly MeasuredSeries[], of: (measured: Measured) => number): number {
  return series.reduce((sum, { measured }) => sum + of(measured), 0)
}

function countedQuantile(series: readonly MeasuredSeries[], quantile: number): number | undefined {
  return quantileOf(
    series.map(({ measured, shape }) => ({ distribution: measured.increase as Distribution, bounds: shape })),
    quantile,
  )
}

/** A summary says its own quantiles and no others, and those of several cannot be joined. */
function recordedQuantile(series: readonly MeasuredSeries[], quantile: number | undefined): number | undefined {
  const [only, second] = series
  if (only === undefined || second !== undefined) return undefined
  const at = only.shape.indexOf(quantile as number)
  return (only.measured.increase as Distribution).quantiles[at]
}

function knownOf(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value
}
