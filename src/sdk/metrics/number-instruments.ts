/** Counter, up-down counter and gauge of OpenTelemetry's API. */
import type { Attributes, Counter, Gauge, UpDownCounter } from '@opentelemetry/api'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { CUMULATIVE, numberPoints, type Description, type Instrument, type MeterState } from './instrument.ts'
import { MeasuredSeries } from './measured-series.ts'

interface NumberPoint {
  value: number
}
const newPoint = (): NumberPoint => ({ value: 0 })

export class SumInstrument implements Counter, UpDownCounter, Instrument {
  readonly about: Description
  readonly #state: MeterState
  readonly #isMonotonic: boolean
  readonly #series: MeasuredSeries<NumberPoint>

  constructor(about: Description, state: MeterState, isMonotonic: boolean) {
    this.about = about
    this.#state = state
    this.#isMonotonic = isMonotonic
    this.#series = new MeasuredSeries(state, isMonotonic ? 'not-negative' : 'any', newPoint)
  }

  add(value: number, attributes?: Attributes): void {
    const point = this.#series.at(value, attributes)
    if (point !== undefined) point.value += value
  }

  collect(timeUnixNano: bigint): MetricInput {
    const { startUnixNano } = this.#state
    const points = numberPoints(this.about, this.#series.all(), { startUnixNano, timeUnixNano })
    return { ...this.about, data: { type: 'sum', temporality: CUMULATIVE, isMonotonic: this.#isMonotonic, points } }
  }

  clear(): void {
    this.#series.clear()
  }
}

export class GaugeInstrument implements Gauge, Instrument {
  readonly about: Description
  readonly #series: MeasuredSeries<NumberPoint>

  constructor(about: Description, state: MeterState) {
    this.about = about
    this.#series = new MeasuredSeries(state, 'any', newPoint)
  }

  record(value: number, attributes?: Attributes): void {
    const point = this.#series.at(value, attributes)
    if (point !== undefined) point.value = value
  }

  collect(timeUnixNano: bigint): MetricInput {
    const points = numberPoints(this.about, this.#series.all(), { timeUnixNano })
    return { ...this.about, data: { type: 'gauge', points } }
  }

  clear(): void {
    this.#series.clear()
  }
}
