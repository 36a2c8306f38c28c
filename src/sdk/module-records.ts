/**
 * What a module records, from its tracers, loggers and instruments to batches: gathered and encoded as it comes, counted where
 * it is not made, not collected or cannot be written. Never throws into whoever records.
 */
import type { Tracer } from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import type { Signal } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import type { LogRecordInput } from '../wire/otlp/encode.ts'
import type { MetricInput } from '../wire/otlp/write-metric.ts'
import { isCollected } from './collected.ts'
import { encodeMetrics, logEncoder, spanEncoder, type EncodedBatch, type Origin } from './encode-records.ts'
import { ModuleMetrics } from './metrics/module-metrics.ts'
import { SDK_NAME, SDK_VERSION } from './origin.ts'
import { ProcessSampler } from './process-metrics/process-sampler.ts'
import { RandomIds } from './random-ids.ts'
import { RecordBuffer } from './record-buffer.ts'
import type { Recording } from './recording.ts'
import { ByScope, type Scope } from './scope.ts'
import type { FinishedSpan } from './span.ts'
import { ModuleTracer } from './tracer.ts'

/** Most tracers of a module; libraries beyond them share its own. */
const MAX_TRACERS = 256

export interface RecordCounts {
  /** Records that could not be encoded. */
  readonly unencodableRecords: number
  /** Measured values that no instrument takes. */
  readonly badValues: number
  /** Spans of traces that are not kept (docs/spec/recording.md). */
  readonly unsampledSpans: number
}

export interface ModuleRecordsDeps {
  readonly clock: Clock
  readonly crypto: Pick<Crypto, 'randomBytes'>
  readonly origin: Origin
  readonly recording: Recording
  /** Whether the process is measured too. */
  readonly hasProcess: boolean
  deliver(signal: Signal, batch: EncodedBatch): void
  /** The stage does not collect a record that was made. */
  onUncollected(): void
}

export class ModuleRecords {
  /** By the library that instruments. */
  readonly tracers: ByScope<Tracer>
  readonly metrics: ModuleMetrics
  readonly #deps: ModuleRecordsDeps
  readonly #ids: RandomIds
  readonly #logs: RecordBuffer<LogRecordInput>
  readonly #spans: RecordBuffer<FinishedSpan>[] = []
  readonly #process: ProcessSampler | undefined
  #stage: Stage | undefined
  #unsampled = 0
  #unencodable = 0

  constructor(deps: ModuleRecordsDeps) {
    const { clock, crypto, origin, hasProcess } = deps
    this.#deps = deps
    this.#ids = new RandomIds((length) => crypto.randomBytes(length))
    this.#logs = new RecordBuffer(clock, logEncoder(origin), (batch) => deps.deliver('logs', batch))
    this.tracers = new ByScope(origin.scope, MAX_TRACERS, (scope) => this.#newTracer(scope))
    this.metrics = new ModuleMetrics({
      clock,
      scope: origin.scope,
      send: (scope, metrics) => this.#measured(scope, metrics),
    })
    const process = { name: `${SDK_NAME}/process`, version: SDK_VERSION }
    this.#process = hasProcess
      ? new ProcessSampler({ clock, send: (metrics) => this.#measured(process, metrics) })
      : undefined
  }

  counts(): RecordCounts {
    return {
      unencodableRecords: this.#unencodable,
      badValues: this.metrics.badValues,
      unsampledSpans: this.#unsampled,
    }
  }

  addLog(log: LogRecordInput): void {
    this.#add(this.#logs, log)
  }

  addUnencodable(records: number): void {
    this.#unencodable += records
  }

  setStage(stage: Stage): void {
    this.#stage = stage
    this.metrics.setStage(stage)
    this.#process?.setStage(stage)
  }

  /** Hands on what was gathered; metrics are collected by themselves. */
  flush(): void {
    for (const spans of this.#spans) spans.flush()
    this.#logs.flush()
  }

  /** The process is not measured any more. */
  stopProcess(): void {
    this.#process?.stop()
  }

  #newTracer(scope: Scope): Tracer {
    const { clock, origin, recording } = this.#deps
    const spans = new RecordBuffer(clock, spanEncoder(origin, scope), (batch) => this.#deps.deliver('traces', batch))
    this.#spans.push(spans)
    return new ModuleTracer({
      clock,
      ids: this.#ids,
      recording,
      onUnsampled: () => this.#unsampled++,
      onEnd: (span) => this.#ended(span, spans),
    })
  }

  #ended(span: FinishedSpan, spans: RecordBuffer<FinishedSpan>): void {
    if (isCollected('traces', this.#stage)) this.#add(spans, span)
    else this.#deps.onUncollected()
  }

  #add<T>(buffer: RecordBuffer<T>, record: T): void {
    try {
      buffer.add(record)
    } catch {
      this.#unencodable++ // what a module logged must never come back to it as an exception
    }
  }

  #measured(scope: Scope, metrics: readonly MetricInput[]): void {
    try {
      for (const batch of encodeMetrics(this.#deps.origin, scope, metrics)) this.#deps.deliver('metrics', batch)
    } catch {
      this.#unencodable += metrics.length
    }
  }
}
