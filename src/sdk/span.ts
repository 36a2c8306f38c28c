/**
 * A span of OpenTelemetry's API that records for the bus. Bounded in every direction, silent after its end,
 * and it never throws: instrumentation must not be what breaks a module.
 */
import {
  SpanKind,
  SpanStatusCode,
  type Attributes,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  type SpanStatus,
  type TimeInput,
} from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../model/ids.ts'
import { formatTracestate } from '../model/tracestate.ts'
import type { Attributes as AttributeList } from '../wire/otlp/attributes.ts'
import {
  REMOTE,
  REMOTE_KNOWN,
  type EventInput,
  type LinkInput,
  type NanoTime,
  type SpanInput,
} from '../wire/otlp/encode.ts'
import { describeError, exceptionAttributes, RecordBudget } from './attribute-value.ts'
import { BoundedAttributes, recordAttributes } from './bounded-attributes.ts'
import { safely } from './safely.ts'
import { isBefore, laterBy, readTime, toNanoTime } from './time-input.ts'
import { membersOf } from './trace-state.ts'

/** Most events of a span: OpenTelemetry's default. */
export const MAX_EVENTS = 128
/** Most links of a span: OpenTelemetry's default. */
export const MAX_LINKS = 128
/** Longest name of a span or an event and longest status message, in characters. */
export const MAX_NAME_CHARS = 1024

const UNSET: SpanStatus = { code: SpanStatusCode.UNSET }

/** A span as it is encoded. */
export interface FinishedSpan extends SpanInput {
  readonly attributes: AttributeList
  readonly events: readonly EventInput[]
  readonly links: readonly LinkInput[]
  readonly status: SpanStatus
}

export interface SpanDeps {
  readonly clock: Clock
  onEnd(span: FinishedSpan): void
}

/** Once it has ended it is what it is encoded from: nothing of it is copied. Only the span itself writes its fields. */
export class RecordingSpan implements Span, FinishedSpan {
  readonly kind: number
  readonly startUnixNano: NanoTime
  endUnixNano: NanoTime
  name = ''
  status: SpanStatus = UNSET
  readonly events: EventInput[] = []
  droppedEventsCount = 0
  readonly links: LinkInput[] = []
  droppedLinksCount = 0
  readonly #deps: SpanDeps
  readonly #context: SpanContext
  readonly #parent: SpanContext | undefined
  readonly #startedAtMs: number
  readonly #hasGivenStart: boolean
  readonly #budget = new RecordBudget()
  readonly #attributes = recordAttributes(this.#budget)
  #hasEnded = false

  /** @param context of this span, and that of its parent: with valid ids */
  constructor(
    deps: SpanDeps,
    context: SpanContext,
    parent: SpanContext | undefined,
    name: string,
    { kind = SpanKind.INTERNAL, startTime, attributes, links }: SpanOptions,
  ) {
    this.#deps = deps
    this.#context = context
    this.#parent = parent
    this.kind = kind + 1 // OpenTelemetry's API counts from internal = 0, OTLP from internal = 1
    this.#startedAtMs = deps.clock.monotonic()
    const given = startTime === undefined ? undefined : readTime(startTime)
    this.#hasGivenStart = given !== undefined
    this.startUnixNano = given ?? toNanoTime(deps.clock.now(this.#startedAtMs))
    this.endUnixNano = this.startUnixNano
    this.updateName(name)
    if (attributes !== undefined) this.setAttributes(attributes)
    if (links !== undefined) this.addLinks(links)
  }

  get traceId(): TraceId {
    return this.#context.traceId as TraceId
  }

  get spanId(): SpanId {
    return this.#context.spanId as SpanId
  }

  get parentSpanId(): SpanId | undefined {
    return this.#parent?.spanId as SpanId | undefined
  }

  get traceState(): string | undefined {
    return traceStateOf(this.#context)
  }

  get flags(): number {
    return flagsOf(this.#context, this.#parent)
  }

  get attributes(): AttributeList {
    return this.#attributes.list()
  }

  get droppedAttributesCount(): number {
    return this.#attributes.dropped
  }

  spanContext(): SpanContext {
    return this.#context
  }

  isRecording(): boolean {
    return !this.#hasEnded
  }

  setAttribute(key: string, value: unknown): this {
    if (!this.#hasEnded) this.#attributes.set(key, value)
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (!this.#hasEnded) this.#attributes.setAll(attributes)
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    return this.#safely(() => {
      if (isTimeInput(attributesOrTime)) this.#addEvent(name, {}, attributesOrTime)
      else this.#addEvent(name, attributesOrTime ?? {}, time)
    })
  }

  addLink(link: Link): this {
    if (this.#hasEnded) return this
    if (this.links.length >= MAX_LINKS) {
      this.droppedLinksCount++
      return this
    }
    return this.#safely(() => {
      const attributes = new BoundedAttributes(this.#budget, link.attributes).list()
      this.links.push(...toLinkInput(link.context, attributes))
    })
  }

  addLinks(links: readonly Link[]): this {
    return this.#safely(() => {
      for (const link of links) this.addLink(link)
    })
  }

  /** Ok is final and unset is ignored, as OpenTelemetry says. */
  setStatus(status: SpanStatus): this {
    if (this.#hasEnded || this.status.code === SpanStatusCode.OK) return this
    return this.#safely(() => {
      const { code, message } = status
      if (code !== SpanStatusCode.OK && code !== SpanStatusCode.ERROR) return
      const isTold = code === SpanStatusCode.ERROR && message !== undefined
      this.status = isTold ? { code, message: this.#budget.text(message, MAX_NAME_CHARS) } : { code }
    })
  }

  updateName(name: string): this {
    if (!this.#hasEnded) this.name = this.#budget.text(name, MAX_NAME_CHARS)
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.#safely(() => this.#addEvent('exception', exceptionAttributes(describeError(exception)), time))
  }

  end(endTime?: TimeInput): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const end = (endTime === undefined ? undefined : readTime(endTime)) ?? this.#now()
    if (isBefore(this.startUnixNano, end)) this.endUnixNano = end
    this.#deps.onEnd(this)
  }

  /** Start plus elapsed time, so that a step of the wall clock cannot make a duration negative. */
  #now(): NanoTime {
    const { clock } = this.#deps
    // A start the caller gave may be long ago: then only the wall clock knows how long.
    if (this.#hasGivenStart) return toNanoTime(clock.now())
    return laterBy(this.startUnixNano, clock.monotonic() - this.#startedAtMs)
  }

  /** Of what cannot be read there is nothing to say. */
  #safely(work: () => void): this {
    safely(work, undefined)
    return this
  }

  #addEvent(name: string, attributes: object, time: TimeInput | undefined): void {
    if (this.#hasEnded) return
    if (this.events.length >= MAX_EVENTS) {
      this.droppedEventsCount++
      return
    }
    this.events.push({
      name: this.#budget.text(name, MAX_NAME_CHARS),
      timeUnixNano: (time === undefined ? undefined : readTime(time)) ?? this.#now(),
      attributes: new BoundedAttributes(this.#budget, attributes).list(),
    })
  }
}

/** A link can name anything a module passed as a context: one without valid ids is left out. */
function toLinkInput(context: SpanContext, attributes: AttributeList): readonly LinkInput[] {
  const traceId = toTraceId(context.traceId)
  const spanId = toSpanId(context.spanId)
  if (!traceId || !spanId) return []
  return [{ traceId, spanId, traceState: traceStateOf(context), attributes, flags: flagsOf(context, context) }]
}

function traceStateOf({ traceState }: SpanContext): string | undefined {
  return traceState && formatTracestate(membersOf(traceState))
}

/** W3C flags of a span, and whether the one it hangs on came from another process. */
function flagsOf(context: SpanContext, other: SpanContext | undefined): number {
  const remote = other ? REMOTE_KNOWN | (other.isRemote === true ? REMOTE : 0) : REMOTE_KNOWN
  return context.traceFlags | remote
}

function isTimeInput(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value)
}
