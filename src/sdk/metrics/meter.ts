/**
 * OpenTelemetry's Meter: makes instruments, the same one for the same name, and has them asked for what they measured.
 * Never throws: a name that is not allowed gives an instrument that measures nothing, and is counted.
 */
import { type BatchObservableCallback, type Meter, type MetricOptions, type Observable } from '@opentelemetry/api'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { cutText } from '../attribute-value.ts'
import { safely } from '../safely.ts'
import type { Scope } from '../scope.ts'
import { HistogramInstrument } from './histogram-instrument.ts'
import { describe, type Description, type Instrument, type MeterState } from './instrument.ts'
import { GaugeInstrument, SumInstrument } from './number-instruments.ts'
import { ObservableInstrument, type ObservableKind } from './observable-instrument.ts'

/** Most instruments of a module, of all meters. */
export const MAX_INSTRUMENTS = 1_024
/** OpenTelemetry's instrument name syntax. */
const MAX_NAME_CHARS = 255
const NAME = /^[A-Za-z][A-Za-z0-9_./-]{0,254}$/

export class ModuleMeter implements Meter {
  readonly scope: Scope
  readonly #state: MeterState
  readonly #onFirst: () => void
  /** By kind, and by name, which has no case. */
  readonly #instruments = new Map<string, Instrument>()
  readonly #batchCallbacks = new Map<BatchObservableCallback, ReadonlySet<Observable>>()

  /** @param onFirst called when there is an instrument */
  constructor(scope: Scope, state: MeterState, onFirst: () => void) {
    this.scope = scope
    this.#state = state
    this.#onFirst = onFirst
  }

  createCounter(name: string, options?: MetricOptions): SumInstrument {
    return this.#make('counter', name, options, (about) => new SumInstrument(about, this.#state, true))
  }

  createUpDownCounter(name: string, options?: MetricOptions): SumInstrument {
    return this.#make('up-down-counter', name, options, (about) => new SumInstrument(about, this.#state, false))
  }

  createGauge(name: string, options?: MetricOptions): GaugeInstrument {
    return this.#make('gauge', name, options, (about) => new GaugeInstrument(about, this.#state))
  }

  createHistogram(name: string, options?: MetricOptions): HistogramInstrument {
    return this.#make('histogram', name, options, (about) => new HistogramInstrument(about, this.#state))
  }

  createObservableCounter(name: string, options?: MetricOptions): ObservableInstrument {
    return this.#observable('counter', name, options)
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): ObservableInstrument {
    return this.#observable('up-down-counter', name, options)
  }

  createObservableGauge(name: string, options?: MetricOptions): ObservableInstrument {
    return this.#observable('gauge', name, options)
  }

  addBatchObservableCallback(callback: BatchObservableCallback, observables: readonly Observable[]): void {
    this.#batchCallbacks.set(
      callback,
      safely(() => new Set(observables), new Set()),
    )
  }

  removeBatchObservableCallback(callback: BatchObservableCallback): void {
    this.#batchCallbacks.delete(callback)
  }

  /** Asks everybody who observes; resolves once all have answered or failed. */
  async observe(): Promise<void> {
    const single = [...this.#instruments.values()].map((instrument) => instrument.observe?.())
    const batches = [...this.#batchCallbacks].map(async ([callback, observables]) =>
      callback({
        observe: (observable, value, attributes) => {
          if (observables.has(observable) && observable instanceof ObservableInstrument)
            observable.note(value, attributes)
        },
      }),
    )
    await Promise.allSettled([...single, ...batches])
  }

  collect(timeUnixNano: bigint): readonly MetricInput[] {
    const metrics = [...this.#instruments.values()].map((instrument) => instrument.collect(timeUnixNano))
    return metrics.filter(({ data }) => data.points.length > 0)
  }

  clear(): void {
    for (const instrument of this.#instruments.values()) instrument.clear()
  }

  #observable(kind: ObservableKind, name: string, options?: MetricOptions): ObservableInstrument {
    return this.#make(
      `observable ${kind}`,
      name,
      options,
      (about) => new ObservableInstrument(about, this.#state, kind),
    )
  }

  #make<T extends Instrument>(
    kind: string,
    name: string,
    options: MetricOptions | undefined,
    create: (about: Description) => T,
  ): T {
    const about = describe(name, options)
    // Types do not bind a caller in JavaScript.
    const text = cutText(name, MAX_NAME_CHARS + 1)
    const isNamed = NAME.test(text)
    const id = `${kind} ${text.toLowerCase()}`
    const known = this.#instruments.get(id)
    // Its kind is in its key, so it is of the class that `create` makes.
    if (known !== undefined) return known as T
    const instrument = create(about)
    if (!isNamed || this.#state.instruments >= MAX_INSTRUMENTS) {
      this.#state.badValues++
      return instrument
    }
    this.#instruments.set(id, instrument)
    this.#state.instruments++
    this.#onFirst()
    return instrument
  }
}
