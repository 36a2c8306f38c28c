/** Histogram of OpenTelemetry's API, with explicit bounds. */
import type { Attributes, Histogram } from '@opentelemetry/api'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { CUMULATIVE, type Description, type Instrument, type MeterState } from './instrument.ts'
import { MeasuredSeries } from './measured-series.ts'

/** Upper bounds of buckets where the program names none: OpenTelemetry's (metrics SDK, explicit bucket histogram). */
export const DEFAULT_BOUNDS: readonly number[] = [
  0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000,
]
/** Those of durations in seconds: OpenTelemetry's advice (HTTP metrics). By the ones above each would be "below 5 s". */
const SECONDS_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Most bounds of a histogram: the finest that tools offer. */
export const MAX_BOUNDS = 160

interface Distribution {
  count: number
  sum: number
  min: number
  max: number
  readonly buckets: number[]
}

export class HistogramInstrument implements Histogram, Instrument {
  readonly about: Description
  readonly #state: MeterState
  readonly #bounds: readonly number[]
  readonly #series: MeasuredSeries<Distribution>

  constructor(about: Description, state: MeterState) {
    this.about = about
    this.#state = state
    this.#bounds = (about.bounds ?? (about.unit === 's' ? SECONDS_BOUNDS : DEFAULT_BOUNDS)).slice(0, MAX_BOUNDS)
    const buckets = this.#bounds.length + 1
    this.#series = new MeasuredSeries(state, 'not-negative', () => ({
      count: 0,
      sum: 0,
      min: Number.POSITIVE_INFINITY,
      max: Number.NEGATIVE_INFINITY,
      buckets: Array.from({ length: buckets }, () => 0),
    }))
  }

  record(value: number, attributes?: Attributes): void {
    const point = this.#series.at(value, attributes)
    if (point === undefined) return
    point.count++
    point.sum += value
    if (value < point.min) point.min = value
    if (value > point.max) point.max = value
    const bucket = this.#bucketOf(value)
    point.buckets[bucket] = (point.buckets[bucket] as number) + 1
  }

  collect(timeUnixNano: bigint): MetricInput {
    const { startUnixNano } = this.#state
    const points = this.#series.all().map(({ attributes, point: { count, sum, min, max, buckets } }) => ({
      attributes,
      startUnixNano,
      timeUnixNano,
      count,
      sum,
      min,
      max,
      bucketCounts: [...buckets],
      explicitBounds: this.#bounds,
    }))
    return { ...this.about, data: { type: 'histogram', temporality: CUMULATIVE, points } }
  }

  clear(): void {
    this.#series.clear()
  }

  /** The first whose bound is not below the value. */
  #bucketOf(value: number): number {
    let [low, high] = [0, this.#bounds.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#bounds[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
