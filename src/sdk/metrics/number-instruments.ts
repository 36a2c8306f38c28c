/** Counter, up-down counter and gauge of OpenTelemetry's API. */
import type { Attributes, Counter, Gauge, UpDownCounter } from '@opentelemetry/api'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { CUMULATIVE, numberPoints, type Description, type Instrument, type MeterState } from './instrument.ts'
import { SeriesTable } from './series-table.ts'

interface NumberPoint {
  value: number
}
const newPoint = (): NumberPoint => ({ value: 0 })

export class SumInstrument implements Counter, UpDownCounter, Instrument {
  readonly about: Description
  readonly #state: MeterState
  readonly #isMonotonic: boolean
  readonly #series: SeriesTable<NumberPoint>

  constructor(about: Description, state: MeterState, isMonotonic: boolean) {
    this.about = about
    this.#state = state
    this.#isMonotonic = isMonotonic
    this.#series = new SeriesTable(state.room, newPoint)
  }

  add(value: number, attributes?: Attributes): void {
    const state = this.#state
    if (!state.isOn) return
    if (!Number.isFinite(value) || (value < 0 && this.#isMonotonic)) {
      state.badValues++
      return
    }
    try {
      this.#series.at(attributes).value += value
    } catch {
      state.badValues++
    }
  }

  collect(timeUnixNano: bigint): readonly MetricInput[] {
    const { startUnixNano } = this.#state
    const points = numberPoints(this.about, this.#series.all(), { startUnixNano, timeUnixNano })
    if (points.length === 0) return []
    return [{ ...this.about, data: { type: 'sum', temporality: CUMULATIVE, isMonotonic: this.#isMonotonic, points } }]
  }

  clear(): void {
    this.#series.clear()
  }
}

export class GaugeInstrument implements Gauge, Instrument {
  readonly about: Description
  readonly #state: MeterState
  readonly #series: SeriesTable<NumberPoint>

  constructor(about: Description, state: MeterState) {
    this.about = about
    this.#state = state
    this.#series = new SeriesTable(state.room, newPoint)
  }

  record(value: number, attributes?: Attributes): void {
    const state = this.#state
    if (!state.isOn) return
    if (!Number.isFinite(value)) {
      state.badValues++
      return
    }
    try {
      this.#series.at(attributes).value = value
    } catch {
      state.badValues++
    }
  }

  collect(timeUnixNano: bigint): readonly MetricInput[] {
    const points = numberPoints(this.about, this.#series.all(), { timeUnixNano })
    return points.length === 0 ? [] : [{ ...this.about, data: { type: 'gauge', points } }]
  }

  clear(): void {
    this.#series.clear()
  }
}
