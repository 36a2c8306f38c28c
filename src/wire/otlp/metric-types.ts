/**
 * Metrics as words. Counts are numbers: past 2^53 they are rounded, which no display shows; integer values stay exact.
 */
import type { SpanId, TraceId } from '../../model/ids.ts'
import type { Attributes } from './attributes.ts'
import type { RecordContext } from './decode-payload.ts'

/** 0 unspecified, 1 delta, 2 cumulative. */
type Temporality = number

export type MetricData =
  /** A metric without data, or of a kind that came after this version. */
  | { readonly type: 'none' }
  | { readonly type: 'gauge'; readonly points: readonly NumberPoint[] }
  | {
      readonly type: 'sum'
      readonly temporality: Temporality
      readonly isMonotonic: boolean
      readonly points: readonly NumberPoint[]
    }
  | { readonly type: 'histogram'; readonly temporality: Temporality; readonly points: readonly HistogramPoint[] }
  | {
      readonly type: 'exponentialHistogram'
      readonly temporality: Temporality
      readonly points: readonly ExponentialPoint[]
    }
  | { readonly type: 'summary'; readonly points: readonly SummaryPoint[] }

export interface DecodedMetric extends RecordContext {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly data: MetricData
}

interface PointBase {
  readonly attributes: Attributes
  /** 0 when unknown. */
  readonly startUnixNano: bigint
  readonly timeUnixNano: bigint
  /** Bit 0: no value was recorded. */
  readonly flags: number
}

export interface Exemplar {
  readonly attributes: Attributes
  readonly timeUnixNano: bigint
  readonly value: number | bigint | undefined
  readonly traceId: TraceId | undefined
  readonly spanId: SpanId | undefined
}

export interface NumberPoint extends PointBase {
  /** bigint for an integer, number for a double. */
  readonly value: number | bigint | undefined
  readonly exemplars: readonly Exemplar[]
}

interface Distribution extends PointBase {
  readonly count: number
  readonly sum: number | undefined
  readonly min: number | undefined
  readonly max: number | undefined
  readonly exemplars: readonly Exemplar[]
}

export interface HistogramPoint extends Distribution {
  /** One more than bounds, or none at all. */
  readonly bucketCounts: readonly number[]
  readonly explicitBounds: readonly number[]
}

export interface ExponentialPoint extends Distribution {
  readonly scale: number
  readonly zeroCount: number
  readonly zeroThreshold: number
  readonly positive: ExponentialBuckets
  readonly negative: ExponentialBuckets
}

export interface ExponentialBuckets {
  readonly offset: number
  readonly bucketCounts: readonly number[]
}

export interface SummaryPoint extends PointBase {
  readonly count: number
  readonly sum: number
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[]
}
