/**
 * All metrics of a module: its meters, and sending what they measured every few seconds, while its owner's stage collects
 * metrics. Below that nothing is measured, and what was is forgotten.
 */
import type { MeterProvider } from '@opentelemetry/api'
import type { Clock } from '../../base/clock.ts'
import type { Stage } from '../../model/stage.ts'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { areMetersCollected } from '../collected.ts'
import { ByScope, type Scope } from '../scope.ts'
import { msToNanos } from '../time-input.ts'
import type { MeterState } from './instrument.ts'
import { ModuleMeter } from './meter.ts'
import { MAX_ROOM_CHARS } from './series-table.ts'

/** Time between two times that metrics are sent, in milliseconds: what a person who looks at them waits. */
export const EXPORT_EVERY_MS = 10_000
/** Longest wait for those who observe, in milliseconds. */
export const OBSERVE_TIMEOUT_MS = 5_000
/** Most meters of a module; more share one. */
export const MAX_METERS = 128

export interface ModuleMetricsDeps {
  readonly clock: Clock
  readonly scope: Scope
  send(scope: Scope, metrics: readonly MetricInput[]): void
}

export class ModuleMetrics implements MeterProvider {
  readonly #deps: ModuleMetricsDeps
  readonly #state: MeterState
  readonly #meters: ByScope<ModuleMeter>
  #isStopped = false
  #collecting: Promise<void> | undefined
  #cancel: (() => void) | undefined

  constructor(deps: ModuleMetricsDeps) {
    this.#deps = deps
    this.#state = {
      room: { chars: MAX_ROOM_CHARS },
      isOn: true,
      startUnixNano: msToNanos(deps.clock.now()),
      instruments: 0,
      badValues: 0,
    }
    const newMeter = (scope: Scope): ModuleMeter => new ModuleMeter(scope, this.#state, () => this.#begin())
    this.#meters = new ByScope(deps.scope, MAX_METERS, newMeter)
  }

  /** The module's own. */
  get own(): ModuleMeter {
    return this.#meters.own
  }

  get badValues(): number {
    return this.#state.badValues
  }

  getMeter(name: string, version?: string): ModuleMeter {
    return this.#meters.of(name, version)
  }

  /** What the owner's stage collects. */
  setStage(stage: Stage): void {
    const isOn = areMetersCollected(stage)
    if (isOn === this.#state.isOn) return
    this.#state.isOn = isOn
    this.#state.startUnixNano = msToNanos(this.#deps.clock.now())
    for (const meter of this.#meters.all()) meter.clear()
  }

  /** Sends what was measured so far. What fails in a callback costs its value and nothing else. */
  collect(): Promise<void> {
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined
    })
    return this.#collecting
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  async #collect(): Promise<void> {
    if (!this.#state.isOn) return
    const meters = this.#meters.all()
    await this.#withinTime(Promise.all(meters.map((meter) => meter.observe())))
    // The stage may have gone down meanwhile.
    if (!this.#state.isOn) return
    const timeUnixNano = msToNanos(this.#deps.clock.now())
    for (const meter of meters) {
      const metrics = meter.collect(timeUnixNano)
      if (metrics.length > 0) this.#deps.send(meter.scope, metrics)
    }
  }

  async #withinTime(work: Promise<unknown>): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(OBSERVE_TIMEOUT_MS, resolve)
    await Promise.race([work, timeout])
    cancel()
  }

  /** A module that measures nothing is never woken up for it. */
  #begin(): void {
    if (!this.#isStopped) this.#cancel ??= this.#deps.clock.every(EXPORT_EVERY_MS, () => void this.collect())
  }
}
