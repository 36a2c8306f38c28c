/**
 * OpenTelemetry's Tracer, in the small: starts spans under the active context and hands finished ones over.
 * Every span is recorded; whether traces are collected at all is the stage's business, decided when they are sent.
 */
import {
  context as contextApi,
  isSpanContextValid,
  SpanKind,
  trace,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from '../model/ids.ts'
import { FLAG_RANDOM, FLAG_SAMPLED } from '../model/trace-context.ts'
import type { RandomIds } from './random-ids.ts'
import { RecordingSpan, type FinishedSpan } from './span.ts'

export interface ModuleTracerDeps {
  readonly clock: Clock
  readonly ids: RandomIds
  onEnd(span: FinishedSpan): void
}

export class ModuleTracer implements Tracer {
  readonly #deps: ModuleTracerDeps

  constructor(deps: ModuleTracerDeps) {
    this.#deps = deps
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = contextApi.active()): Span {
    const { clock } = this.#deps
    const parent = options.root === true ? undefined : validParent(context)
    const start = {
      context: this.#newContext(parent),
      parent,
      name,
      kind: options.kind ?? SpanKind.INTERNAL,
      attributes: options.attributes,
      links: options.links ?? [],
      startTime: options.startTime,
    }
    return new RecordingSpan(start, clock, (span) => this.#deps.onEnd(span))
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(name: string, options: SpanOptions, fn: F): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>
  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: readonly unknown[]): ReturnType<F> {
    const fn = rest.at(-1) as F
    const [options, given] = rest.slice(0, -1) as [SpanOptions?, Context?]
    const context = given ?? contextApi.active()
    const span = this.startSpan(name, options, context)
    return contextApi.with(trace.setSpan(context, span), fn as (span: Span) => ReturnType<F>, undefined, span)
  }

  #newContext(parent: SpanContext | undefined): SpanContext {
    const { ids } = this.#deps
    const spanId = ids.next(SPAN_ID_BYTES)
    if (!parent) return { traceId: ids.next(TRACE_ID_BYTES), spanId, traceFlags: FLAG_SAMPLED | FLAG_RANDOM }
    const traceState = parent.traceState === undefined ? {} : { traceState: parent.traceState }
    // Sampled says that this span is recorded, whatever the caller did; random says something of the id, so it stays.
    const traceFlags = FLAG_SAMPLED | (parent.traceFlags & FLAG_RANDOM)
    return { traceId: parent.traceId.toLowerCase(), spanId, traceFlags, ...traceState }
  }
}

function validParent(context: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(context)
  return parent && isSpanContextValid(parent) ? parent : undefined
}
