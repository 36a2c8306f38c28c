/**
 * A span of OpenTelemetry's API that records for the bus. Bounded in every direction, silent after its end,
 * and it never throws: instrumentation must not be what breaks a module.
 */
import {
  SpanStatusCode,
  type Attributes,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  type TimeInput,
} from '@opentelemetry/api'
import type { Clock } from '../base/clock.ts'
import type { Attributes as AttributeList } from '../wire/otlp/attributes.ts'
import { describeError, exceptionAttributes, RecordBudget } from './attribute-value.ts'
import { BoundedAttributes, RecordAttributes } from './bounded-attributes.ts'
import { msToNanos, timeToNanos } from './time-input.ts'

const NANOS_PER_MS = 1e6
/** Most events of a span: OpenTelemetry's default. */
export const MAX_EVENTS = 128
/** Most links of a span: OpenTelemetry's default. */
export const MAX_LINKS = 128
/** Longest name of a span or an event and longest status message, in characters. */
export const MAX_NAME_CHARS = 1024

export interface FinishedEvent {
  readonly name: string
  readonly timeUnixNano: bigint
  readonly attributes: AttributeList
}
export interface FinishedLink {
  readonly context: SpanContext
  readonly attributes: AttributeList
}
export interface FinishedSpan {
  readonly attributes: AttributeList
  readonly droppedAttributes: number
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly events: readonly FinishedEvent[]
  readonly droppedEvents: number
  readonly links: readonly FinishedLink[]
  readonly droppedLinks: number
  readonly status: SpanStatus
}

export interface SpanStart {
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Attributes | undefined
  readonly links: readonly Link[]
  readonly startTime: TimeInput | undefined
}

export class RecordingSpan implements Span {
  readonly #start: SpanStart
  readonly #clock: Clock
  readonly #onEnd: (span: FinishedSpan) => void
  readonly #startUnixNano: bigint
  readonly #startedAtMs: number
  readonly #budget = new RecordBudget()
  readonly #attributes = new RecordAttributes(this.#budget)
  readonly #events: FinishedEvent[] = []
  readonly #links: FinishedLink[] = []
  #droppedEvents = 0
  #droppedLinks = 0
  #name = ''
  #status: SpanStatus = { code: SpanStatusCode.UNSET }
  #hasEnded = false

  constructor(start: SpanStart, clock: Clock, onEnd: (span: FinishedSpan) => void) {
    this.#start = start
    this.#clock = clock
    this.#onEnd = onEnd
    this.#startedAtMs = clock.monotonic()
    const given = start.startTime === undefined ? undefined : timeToNanos(start.startTime)
    this.#startUnixNano = given ?? msToNanos(clock.now())
    this.updateName(start.name)
    if (start.attributes !== undefined) this.setAttributes(start.attributes)
    this.addLinks(start.links)
  }

  spanContext(): SpanContext {
    return this.#start.context
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
    if (isTimeInput(attributesOrTime)) this.#addEvent(name, {}, attributesOrTime)
    else this.#addEvent(name, attributesOrTime ?? {}, time)
    return this
  }

  addLink(link: Link): this {
    if (this.#hasEnded) return this
    if (this.#links.length >= MAX_LINKS) {
      this.#droppedLinks++
      return this
    }
    const attributes = new BoundedAttributes(this.#budget, link.attributes).list()
    this.#links.push({ context: link.context, attributes })
    return this
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  /** Ok is final and unset is ignored, as OpenTelemetry says. */
  setStatus(status: SpanStatus): this {
    if (this.#hasEnded || status.code === SpanStatusCode.UNSET || this.#status.code === SpanStatusCode.OK) return this
    const hasMessage = status.code !== SpanStatusCode.OK && status.message !== undefined
    const message = hasMessage ? { message: this.#budget.text(status.message, MAX_NAME_CHARS) } : {}
    this.#status = { code: status.code, ...message }
    return this
  }

  updateName(name: string): this {
    if (!this.#hasEnded) this.#name = this.#budget.text(name, MAX_NAME_CHARS)
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.#addEvent('exception', exceptionAttributes(describeError(exception)), time)
  }

  end(endTime?: TimeInput): void {
    if (this.#hasEnded) return
    const end = (endTime === undefined ? undefined : timeToNanos(endTime)) ?? this.#now()
    this.#hasEnded = true
    const { context, parent, kind } = this.#start
    this.#onEnd({
      context,
      parent,
      kind,
      name: this.#name,
      startUnixNano: this.#startUnixNano,
      endUnixNano: end < this.#startUnixNano ? this.#startUnixNano : end,
      attributes: this.#attributes.list(),
      droppedAttributes: this.#attributes.dropped,
      events: this.#events,
      droppedEvents: this.#droppedEvents,
      links: this.#links,
      droppedLinks: this.#droppedLinks,
      status: this.#status,
    })
  }

  /** Start plus elapsed time, so that a step of the wall clock cannot make a duration negative. */
  #now(): bigint {
    // A start the caller gave may be long ago: then only the wall clock knows how long.
    if (this.#start.startTime !== undefined) return msToNanos(this.#clock.now())
    return this.#startUnixNano + BigInt(Math.round((this.#clock.monotonic() - this.#startedAtMs) * NANOS_PER_MS))
  }

  #addEvent(name: string, attributes: object, time: TimeInput | undefined): void {
    if (this.#hasEnded) return
    if (this.#events.length >= MAX_EVENTS) {
      this.#droppedEvents++
      return
    }
    this.#events.push({
      name: this.#budget.text(name, MAX_NAME_CHARS),
      timeUnixNano: (time === undefined ? undefined : timeToNanos(time)) ?? this.#now(),
      attributes: new BoundedAttributes(this.#budget, attributes).list(),
    })
  }
}

function isTimeInput(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === 'number' || value instanceof Date || Array.isArray(value)
}
