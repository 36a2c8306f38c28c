/**
 * Measures the process that a module runs in, where the module asks for it and while its owner's stage keeps that: below it
 * nothing is read, and no timer runs.
 */
import { availableParallelism } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import type { Stage } from '../../model/stage.ts'
import { readProcess } from '../../platform/host/read-host.ts'
import { watchLoop, type LoopWatch } from '../../platform/host/watch-loop.ts'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'
import { isCollected } from '../collected.ts'
import { msToNanos } from '../time-input.ts'
import { processMetrics, type ProcessSample } from './process-metrics-data.ts'

/** Time between two samples, in milliseconds: as the agent measures itself. */
export const SAMPLE_PERIOD_MS = 15_000

export interface ProcessSamplerDeps {
  readonly clock: Clock
  readonly send: (metrics: readonly MetricInput[]) => void
}

interface Running {
  readonly loop: LoopWatch
  readonly cancel: () => void
  before: ProcessSample
}

export class ProcessSampler {
  readonly #deps: ProcessSamplerDeps
  #running: Running | undefined

  constructor(deps: ProcessSamplerDeps) {
    this.#deps = deps
  }

  setStage(stage: Stage): void {
    if (isCollected('metrics', stage)) this.#begin()
    else this.stop()
  }

  stop(): void {
    this.#running?.cancel()
    this.#running?.loop.stop()
    this.#running = undefined
  }

  /** Shares of time are those since a sample before: the first one is only that. */
  #begin(): void {
    if (this.#running !== undefined) return
    const loop = watchLoop()
    const cancel = this.#deps.clock.every(SAMPLE_PERIOD_MS, () => this.#sample(running))
    const running: Running = { loop, cancel, before: this.#read(loop) }
    this.#running = running
  }

  #sample(running: Running): void {
    const sample = this.#read(running.loop)
    this.#deps.send(processMetrics(sample, running.before, availableParallelism()))
    running.before = sample
  }

  #read(loop: LoopWatch): ProcessSample {
    const { clock } = this.#deps
    return {
      timeUnixNano: msToNanos(clock.now()),
      monotonicMs: clock.monotonic(),
      process: readProcess(),
      delays: loop.take(),
    }
  }
}
