/**
 * Messages between modules, traced: a PRODUCER span around each publish, a CONSUMER span around each handler whose
 * parent *and* link is the sender's span (OpenTelemetry's messaging conventions; both, since many tools draw only one).
 */
import {
  context as contextApi,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import { toHex, utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import { formatTraceparent, LEGACY_ID_ATTRIBUTE } from '../model/trace-context.ts'
import { formatTracestate } from '../model/tracestate.ts'
import {
  ENVELOPE_VERSION,
  isTopic,
  isTopicPrefix,
  readEnvelope,
  senderContext,
  type Envelope,
} from '../wire/bus-envelope.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import { describeError } from './attribute-value.ts'
import { toRemoteSpanContext, toTraceContext } from './propagation.ts'
import { ReceivedMessage } from './received-message.ts'
import { msToNanos } from './time-input.ts'

/** Most handlers running at once; a message that comes while so many are running is dropped and counted. */
export const MAX_RUNNING_HANDLERS = 1024
const MESSAGE_ID_BYTES = 16
const SYSTEM = { 'messaging.system': 'zeromq' }

export type MessageHandler = (message: ReceivedMessage) => unknown

export interface PublishOptions {
  /** Default: `application/octet-stream` for bytes, `text/plain; charset=utf-8` for a string, else `application/json`. */
  readonly contentType?: string
  /** What this message belongs to, such as one utterance and all that follows from it. */
  readonly conversationId?: string
  /** More attributes for the span. */
  readonly attributes?: Attributes
}

export interface MessagingDeps {
  readonly tracer: Tracer
  readonly clock: Clock
  readonly crypto: Pick<Crypto, 'randomBytes' | 'sha256'>
  /** @returns false if the message was dropped at once. */
  send(envelope: Envelope, body: Uint8Array): boolean
  subscribe(prefix: string): void
  unsubscribe(prefix: string): void
}

interface Subscription {
  readonly prefix: string
  readonly handler: MessageHandler
}

export class Messaging {
  readonly #deps: MessagingDeps
  readonly #subscriptions = new Set<Subscription>()
  readonly #running = new Set<Promise<void>>()
  #dropped = 0

  constructor(deps: MessagingDeps) {
    this.#deps = deps
  }

  /** Messages not handled because too many handlers were running. */
  get dropped(): number {
    return this.#dropped
  }

  /** @returns false if it was not sent: a wrong topic, a payload that is too large or no JSON, a full queue. */
  publish(topic: string, payload: unknown, options: PublishOptions = {}): boolean {
    const { tracer } = this.#deps
    const attributes = { ...options.attributes, ...operation('publish', 'send', topic) }
    const span = tracer.startSpan(`publish ${topic}`, { kind: SpanKind.PRODUCER, attributes })
    const problem = this.#trySend(topic, payload, options, span)
    if (problem !== undefined) fail(span, problem)
    span.end()
    return problem === undefined
  }

  /** @returns what ends the subscription. A wrong prefix subscribes to nothing. */
  subscribe(prefix: string, handler: MessageHandler): () => void {
    if (!isTopicPrefix(prefix)) return () => {}
    const subscription = { prefix, handler }
    this.#subscriptions.add(subscription)
    this.#deps.subscribe(prefix)
    return () => {
      if (!this.#subscriptions.delete(subscription)) return
      const isStillWanted = [...this.#subscriptions].some((other) => other.prefix === prefix)
      if (!isStillWanted) this.#deps.unsubscribe(prefix)
    }
  }

  /** Ends all subscriptions and resolves once no handler runs any more. */
  async close(): Promise<void> {
    this.#subscriptions.clear()
    await Promise.all(this.#running)
  }

  /** Runs every handler that subscribed to the message's topic, each in a span of its own. */
  receive(envelope: Envelope, body: Uint8Array): void {
    for (const { prefix, handler } of this.#subscriptions) {
      if (!envelope.topic.startsWith(prefix)) continue
      if (this.#running.size >= MAX_RUNNING_HANDLERS) this.#dropped++
      else this.#run(this.#handle(envelope, body, handler))
    }
  }

  #run(handling: Promise<void>): void {
    this.#running.add(handling)
    void handling.finally(() => this.#running.delete(handling))
  }

  /** @returns what is wrong, as a value for `error.type`; `undefined` if it is on its way. */
  #trySend(topic: string, payload: unknown, options: PublishOptions, span: Span): string | undefined {
    if (!isTopic(topic)) return 'BUS_TOPIC_INVALID'
    const content = toContent(payload)
    if (!content) return 'SDK_PAYLOAD_INVALID'
    if (content.body.length > MAX_BODY_BYTES) return 'BUS_BODY_TOO_LARGE'
    const id = toHex(this.#deps.crypto.randomBytes(MESSAGE_ID_BYTES))
    const { conversationId, contentType = content.type } = options
    const now = msToNanos(this.#deps.clock.now()).toString()
    const read = readEnvelope({
      v: ENVELOPE_VERSION,
      id,
      topic,
      time_unix_nano: now,
      content_type: contentType,
      conversation_id: conversationId,
      ...traceFields(span, now),
    })
    if ('bad' in read) return 'BUS_FIELD_INVALID'
    span.setAttributes(messageAttributes(read.envelope))
    return this.#deps.send(read.envelope, content.body) ? undefined : 'SDK_CLOSED'
  }

  async #handle(envelope: Envelope, body: Uint8Array, handler: MessageHandler): Promise<void> {
    const { tracer, crypto } = this.#deps
    const sender = senderContext(envelope, crypto.sha256)
    const remote = sender && toRemoteSpanContext(sender)
    const parent = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
    const attributes = {
      ...operation('process', 'process', envelope.topic),
      ...messageAttributes(envelope),
      ...(envelope.source === undefined ? {} : { 'aico.bus.source': envelope.source }),
      ...(sender && sender.legacyIds.length > 0 ? { [LEGACY_ID_ATTRIBUTE]: sender.legacyIds } : {}),
    }
    const links = remote ? [{ context: remote }] : []
    const span = tracer.startSpan(`process ${envelope.topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent)
    try {
      await contextApi.with(trace.setSpan(parent, span), handler, undefined, new ReceivedMessage(envelope, body))
    } catch (err) {
      const { type, message, stack } = describeError(err)
      span.recordException({ name: type, message, stack })
      fail(span, type, message)
    } finally {
      span.end()
    }
  }
}

function operation(name: string, type: string, topic: string): Attributes {
  return {
    ...SYSTEM,
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    'messaging.destination.name': topic,
  }
}

function messageAttributes(envelope: Envelope): Attributes {
  const conversation = envelope.conversation_id
  return {
    'messaging.message.id': envelope.id,
    ...(conversation === undefined ? {} : { 'messaging.message.conversation_id': conversation }),
  }
}

/** The seed's trace block and the W3C headers, of the span that publishes. */
function traceFields(span: Span, startUnixNano: string): Pick<Envelope, 'trace' | 'traceparent' | 'tracestate'> {
  const own = toTraceContext(span.spanContext())
  if (!own) return {}
  const parent = trace.getSpanContext(contextApi.active())
  const isChild = parent !== undefined && parent.traceId === own.traceId
  const parentField = isChild ? { parent_span_id: parent.spanId } : {}
  return {
    trace: { trace_id: own.traceId, span_id: own.spanId, ...parentField, start_time_unix_nano: startUnixNano },
    traceparent: formatTraceparent(own),
    ...(own.tracestate.length > 0 ? { tracestate: formatTracestate(own.tracestate) } : {}),
  }
}

function toContent(payload: unknown): { readonly body: Uint8Array; readonly type: string } | undefined {
  if (payload instanceof Uint8Array) {
    // A copy: the caller may reuse its buffer before this one is sent.
    return { body: new Uint8Array(payload), type: 'application/octet-stream' }
  }
  if (typeof payload === 'string') return { body: utf8(payload), type: 'text/plain; charset=utf-8' }
  try {
    const json = JSON.stringify(payload) as string | undefined
    return json === undefined ? undefined : { body: utf8(json), type: 'application/json' }
  } catch {
    return undefined // a circle, a bigint, or a toJSON of the module's own that threw
  }
}

function fail(span: Span, type: string, message = type): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}
