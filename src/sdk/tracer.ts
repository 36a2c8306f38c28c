/**
 * OpenTelemetry's Tracer, in the small: starts spans under the active context and hands finished ones over. What a span's
 * parent says of being sampled holds for it; of a trace that begins here the recording rules are asked (docs/spec/recording.md).
 * Whether traces are collected at all is the stage's business, decided when they are sent.
 */
import {
  context as contextApi,
  isSpanContextValid,
  trace,
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  type Tracer,
} from '@opentelemetry/api'
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from '../model/ids.ts'
import { TOPIC_ATTRIBUTE } from '../model/recording.ts'
import { FLAG_RANDOM, FLAG_SAMPLED } from '../model/trace-context.ts'
import { readProperty } from './attribute-value.ts'
import type { RandomIds } from './random-ids.ts'
import type { Recording } from './recording.ts'
import { RecordingSpan, type SpanDeps } from './span.ts'
import { topicOf } from './topic.ts'

/** Attribute of a span of a message: where it goes. */
const DESTINATION = 'messaging.destination.name'

export interface ModuleTracerDeps extends SpanDeps {
  readonly ids: RandomIds
  readonly recording: Pick<Recording, 'takesTrace'>
  /** A span was not made, because its trace is not kept. */
  onUnsampled(): void
}

export class ModuleTracer implements Tracer {
  readonly #deps: ModuleTracerDeps

  constructor(deps: ModuleTracerDeps) {
    this.#deps = deps
  }

  /** Types do not bind a caller in JavaScript: options that cannot be read are none. */
  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    const known = isContext(context) ? context : contextApi.active()
    try {
      return this.#start(name, options ?? {}, known)
    } catch {
      return this.#start(name, {}, known)
    }
  }

  #start(name: string, options: SpanOptions, context: Context): Span {
    const parent = options.root === true ? undefined : validParent(context)
    const topic = topicOf(context)
    const own = this.#newContext(parent, () => topicOfSpan(options, topic))
    if ((own.traceFlags & FLAG_SAMPLED) === 0) {
      this.#deps.onUnsampled()
      return trace.wrapSpanContext(own)
    }
    const span = new RecordingSpan(this.#deps, own, parent, name, options)
    if (topic !== undefined && attributeOf(options, TOPIC_ATTRIBUTE) === undefined) {
      span.setAttribute(TOPIC_ATTRIBUTE, topic)
    }
    return span
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
    if (typeof fn !== 'function') return undefined as ReturnType<F>
    const context = isContext(given) ? given : contextApi.active()
    const span = this.startSpan(name, options, context)
    return contextApi.with(trace.setSpan(context, span), fn as (span: Span) => ReturnType<F>, undefined, span)
  }

  #newContext(parent: SpanContext | undefined, topic: () => string | undefined): SpanContext {
    const { ids, recording } = this.#deps
    const spanId = ids.next(SPAN_ID_BYTES)
    if (!parent) {
      const traceId = ids.next(TRACE_ID_BYTES)
      return { traceId, spanId, traceFlags: (recording.takesTrace(traceId, topic) ? FLAG_SAMPLED : 0) | FLAG_RANDOM }
    }
    // A trace is kept whole or not at all: its first span has decided. Random says something of the id, so it stays too.
    const traceFlags = parent.traceFlags & (FLAG_SAMPLED | FLAG_RANDOM)
    const own = { traceId: parent.traceId.toLowerCase(), spanId, traceFlags }
    return parent.traceState === undefined ? own : { ...own, traceState: parent.traceState }
  }
}

/** As far as is known when it starts: its own attributes, else the message that is handled, else the message it is of. */
function topicOfSpan(options: SpanOptions, handled: string | undefined): string | undefined {
  const topic = attributeOf(options, TOPIC_ATTRIBUTE) ?? handled ?? attributeOf(options, DESTINATION)
  return typeof topic === 'string' ? topic : undefined
}

function attributeOf({ attributes }: SpanOptions, key: string): unknown {
  return attributes && readProperty(attributes, key)
}

function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && typeof readProperty(value, 'getValue') === 'function'
}

function validParent(context: Context): SpanContext | undefined {
  const parent = trace.getSpanContext(context)
  return parent && isSpanContextValid(parent) ? parent : undefined
}
