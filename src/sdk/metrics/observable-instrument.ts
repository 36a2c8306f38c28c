/** Observable counter, up-down counter and gauge of OpenTelemetry's API: asked for their values whenever metrics are sent. */
import type { Attributes, Observable, ObservableCallback } from '@opentelemetry/api'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { CUMULATIVE, numberPoints, type Description, type Instrument, type MeterState } from './instrument.ts'
import { MeasuredSeries } from './measured-series.ts'

export type ObservableKind = 'counter' | 'up-down-counter' | 'gauge'

export class ObservableInstrument implements Observable, Instrument {
  readonly about: Description
  readonly #state: MeterState
  readonly #kind: ObservableKind
  readonly #callbacks = new Set<ObservableCallback>()
  readonly #series: MeasuredSeries<{ value: number }>

  constructor(about: Description, state: MeterState, kind: ObservableKind) {
    this.about = about
    this.#state = state
    this.#kind = kind
    this.#series = new MeasuredSeries(state, kind === 'counter' ? 'not-negative' : 'any', () => ({ value: 0 }))
  }

  addCallback(callback: ObservableCallback): void {
    this.#callbacks.add(callback)
  }

  removeCallback(callback: ObservableCallback): void {
    this.#callbacks.delete(callback)
  }

  /** Notes what somebody observed. */
  note(value: number, attributes: Attributes | undefined): void {
    const point = this.#series.at(value, attributes)
    if (point !== undefined) point.value = value
  }

  async observe(): Promise<void> {
    const observe = (value: number, attributes?: Attributes): void => this.note(value, attributes)
    await Promise.allSettled([...this.#callbacks].map(async (callback) => callback({ observe })))
  }

  /** Only what was observed since the last time is true now. */
  collect(timeUnixNano: bigint): MetricInput {
    const series = this.#series.all()
    const { startUnixNano } = this.#state
    const isGauge = this.#kind === 'gauge'
    const points = numberPoints(this.about, series, isGauge ? { timeUnixNano } : { startUnixNano, timeUnixNano })
    this.#series.clear()
    const isMonotonic = this.#kind === 'counter'
    const data = isGauge
      ? ({ type: 'gauge', points } as const)
      : ({ type: 'sum', temporality: CUMULATIVE, isMonotonic, points } as const)
    return { ...this.about, data }
  }

  clear(): void {
    this.#series.clear()
  }
}
