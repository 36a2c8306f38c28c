/**
 * OTLP metrics -> samples by series. What cannot be placed is left out and counted, never a reason to lose the rest: a
 * point without a time, or of a histogram whose counts do not fit its bounds.
 */
import { fitScale, NO_SPAN, trimSpan, type Distribution, type Span } from '../../model/metrics/distribution.ts'
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import type { SampleWithExemplars, Value } from '../../model/metrics/sample.ts'
import { MIN_SCALE } from '../otlp/check-point.ts'
import type {
  DecodedMetric,
  ExponentialBuckets,
  Exemplar as OtlpExemplar,
  ExponentialPoint,
  HistogramPoint,
  NumberPoint,
  SummaryPoint,
} from '../otlp/metric-types.ts'
import {
  completeText,
  resourceLabels,
  scopeLabels,
  sharedText,
  toLabels,
  type MetricKind,
  type SeriesIdentity,
} from './series-identity.ts'

/** Most buckets of explicit bounds: a histogram of more keeps count, sum, least and largest. */
export const MAX_EXPLICIT_BUCKETS = 512
/** Most quantiles of a summary that are kept, the first ones. */
const MAX_QUANTILES = 32
/** Bit 0 of a point's flags. */
const NO_RECORDED_VALUE = 1
/** Temporality; what is not said to be delta is taken for cumulative, the default of SDKs. */
const DELTA = 1
const NANOS_PER_MS = 1_000_000n

export interface ReadSample {
  readonly identity: SeriesIdentity
  /** Of the identity: see {@link identityText}. */
  readonly text: string
  readonly sample: SampleWithExemplars
}

/** Each point in order, read as it is taken; undefined for one that is left out. */
export function* readSamples(metrics: Iterable<DecodedMetric>): Generator<ReadSample | undefined> {
  for (const metric of metrics) {
    const base = baseOf(metric)
    if (base === undefined) continue
    const shared = sharedText(base)
    for (const point of pointsOf(metric)) {
      yield point.timeUnixNano === 0n ? undefined : readPoint(point, base, shared)
    }
  }
}

type Point = NumberPoint | HistogramPoint | ExponentialPoint | SummaryPoint
type BaseIdentity = Omit<SeriesIdentity, 'attributes' | 'shape'>

function pointsOf({ data }: DecodedMetric): readonly Point[] {
  return data.type === 'none' ? [] : data.points
}

/** Of all points of a metric. */
function baseOf(metric: DecodedMetric): BaseIdentity | undefined {
  const { data, name, unit, scope, resource } = metric
  if (data.type === 'none') return undefined
  const isCumulative = 'temporality' in data ? data.temporality !== DELTA : false
  const isMonotonic = 'isMonotonic' in data ? data.isMonotonic : false
  const kind = { name, unit, type: data.type, isCumulative, isMonotonic } satisfies MetricKind
  const labels = { resource: resourceLabels(resource.attributes), scopeAttributes: scopeLabels(metric) }
  return { ...kind, ...labels, scope: scope.name }
}

function readPoint(point: Point, base: BaseIdentity, shared: string): ReadSample | undefined {
  const { shape, value } = valueOf(point)
  if (shape === undefined) return undefined
  const { timeUnixNano, startUnixNano, flags } = point
  const hasNone = (flags & NO_RECORDED_VALUE) !== 0
  const identity = { ...base, attributes: toLabels(point.attributes), shape }
  return {
    identity,
    text: completeText(shared, identity),
    sample: {
      timeMs: toMs(timeUnixNano),
      startMs: toMs(startUnixNano),
      value: hasNone ? undefined : value,
      ...('exemplars' in point && point.exemplars.length > 0 ? { exemplars: exemplarsOf(point.exemplars) } : {}),
    },
  }
}

const NO_SHAPE: readonly number[] = []

interface Shaped {
  /** Undefined if the point contradicts itself. */
  readonly shape: readonly number[] | undefined
  readonly value: Value | undefined
}
const CONTRADICTS: Shaped = { shape: undefined, value: undefined }

function valueOf(point: Point): Shaped {
  if ('value' in point) return { shape: NO_SHAPE, value: numberOf(point.value) }
  if ('explicitBounds' in point) return histogramOf(point)
  if ('quantiles' in point) return summaryOf(point)
  return point.scale < MIN_SCALE ? CONTRADICTS : { shape: NO_SHAPE, value: exponentialOf(point) }
}

/** NaN is no number: nothing was recorded. */
function numberOf(value: number | bigint | undefined): number | undefined {
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

function histogramOf(point: HistogramPoint): Shaped {
  const { bucketCounts, explicitBounds } = point
  const isPlain = bucketCounts.length === 0
  if (!isPlain && bucketCounts.length !== explicitBounds.length + 1) return CONTRADICTS
  if (explicitBounds.some((bound, i) => !(bound > (explicitBounds[i - 1] ?? -Infinity)))) return CONTRADICTS
  const isKept = !isPlain && bucketCounts.length <= MAX_EXPLICIT_BUCKETS
  return {
    shape: isKept ? explicitBounds : NO_SHAPE,
    value: { ...headOf(point), buckets: isKept ? bucketCounts : [], quantiles: [], exponential: undefined },
  }
}

function exponentialOf(point: ExponentialPoint): Distribution {
  const { scale, zeroCount, zeroThreshold, positive, negative } = point
  const spans = { positive: spanOf(positive), negative: spanOf(negative) }
  const exponential = fitScale({ scale, zeroCount, zeroThreshold, ...spans })
  return { ...headOf(point), buckets: [], quantiles: [], exponential }
}

function summaryOf({ count, sum, quantiles }: SummaryPoint): Shaped {
  const kept = quantiles.slice(0, MAX_QUANTILES).sort((a, b) => a.quantile - b.quantile)
  const values = kept.map(({ value }) => value)
  const head = { count, sum, min: Number.NaN, max: Number.NaN }
  return {
    shape: kept.map(({ quantile }) => quantile),
    value: { ...head, buckets: [], quantiles: values, exponential: undefined },
  }
}

/** NaN where it is not known. */
function headOf({ count, sum, min, max }: HistogramPoint | ExponentialPoint) {
  const unknown = Number.NaN
  return { count, sum: sum ?? unknown, min: min ?? unknown, max: max ?? unknown }
}

function spanOf({ offset, bucketCounts }: ExponentialBuckets): Span {
  return bucketCounts.length === 0 ? NO_SPAN : trimSpan({ offset, counts: bucketCounts })
}

/** Only those that lead to a trace. */
function exemplarsOf(exemplars: readonly OtlpExemplar[]): readonly Exemplar[] {
  return exemplars.flatMap(({ timeUnixNano, value, traceId, spanId }) => {
    const number = numberOf(value)
    return traceId === undefined || number === undefined
      ? []
      : [{ timeMs: toMs(timeUnixNano), value: number, traceId, spanId }]
  })
}

function toMs(nano: bigint): number {
  return Number(nano / NANOS_PER_MS)
}
