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
import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import { formatTraceparent, LEGACY_ID_ATTRIBUTE } from '../model/trace-context.ts'
import { formatTracestate } from '../model/tracestate.ts'
import {
  ENVELOPE_VERSION,
  isTopic,
  isTopicPrefix,
  readEnvelope,
  replyTopic,
  senderContext,
  type Envelope,
} from '../wire/bus-envelope.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import { describeError, readAll } from './attribute-value.ts'
import { toRemoteSpanContext, toTraceContext } from './propagation.ts'
import { safely } from './safely.ts'
import { ReceivedMessage } from './received-message.ts'
import { RandomIds } from './random-ids.ts'
import { DEFAULT_REQUEST_TIMEOUT_MS, Requests } from './requests.ts'
import { msToNanos } from './time-input.ts'
import { withTopic } from './topic.ts'

/** Most handlers running at once; a message that comes while so many are running is dropped and counted. */
export const MAX_RUNNING_HANDLERS = 1024
const MESSAGE_ID_BYTES = 16
/** What may stand in an envelope. */
const ERROR_TYPE = /^[\x21-\x7e]{1,128}$/
const SYSTEM = { 'messaging.system': 'zeromq' }
const DESTINATION = 'messaging.destination.name'

/** What it returns is the answer, if the message is a request. */
export type MessageHandler = (message: ReceivedMessage) => unknown

type ReplyFields = Pick<Envelope, 'reply_to' | 'in_reply_to' | 'error_type'>
type MessageHead = ReplyFields & Pick<Envelope, 'id' | 'topic'>

export interface PublishOptions {
  /** Default: `application/octet-stream` for bytes, `text/plain; charset=utf-8` for a string, else `application/json`. */
  readonly contentType?: string
  /** What this message belongs to, such as one utterance and all that follows from it. */
  readonly conversationId?: string
  /** More attributes for the span. */
  readonly attributes?: Attributes
}

export interface RequestOptions extends PublishOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number
}

export interface MessagingDeps {
  /** Who this is: where answers come to. */
  readonly module: string
  readonly sessionId: string
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
  readonly #requests: Requests
  readonly #ids: RandomIds
  #isListening = false
  #dropped = 0

  constructor(deps: MessagingDeps) {
    this.#deps = deps
    this.#ids = new RandomIds((length) => deps.crypto.randomBytes(length))
    this.#requests = new Requests(deps.module, deps.sessionId, deps.clock)
  }

  /** Messages not handled because too many handlers were running. */
  get dropped(): number {
    return this.#dropped
  }

  /** @returns false if it was not sent: a wrong topic, a payload that is too large or no JSON, a full queue. */
  publish(topic: string, payload: unknown, options: PublishOptions = {}): boolean {
    return this.#publish(nameOf(topic), payload, readAll(options)) !== undefined
  }

  /**
   * Publishes a message and waits for the first answer to it: what a handler of another module returns, unless that is undefined.
   * @throws {SdkError} `SDK_REQUEST_NOT_SENT`, `SDK_REQUEST_TIMEOUT`, `SDK_REQUEST_FAILED`
   */
  async request(topic: string, payload: unknown, options: RequestOptions = {}): Promise<ReceivedMessage> {
    const { tracer } = this.#deps
    const { inbox } = this.#requests
    if (!this.#isListening) this.#deps.subscribe(inbox)
    this.#isListening = true
    const name = nameOf(topic)
    const { timeoutMs, ...known } = readAll(options) as RequestOptions
    const attributes = { ...SYSTEM, [DESTINATION]: name }
    const span = tracer.startSpan(`request ${name}`, { kind: SpanKind.CLIENT, attributes })
    const active = trace.setSpan(contextApi.active(), span)
    const send = (): string | undefined =>
      contextApi.with(active, () => this.#publish(name, payload, known, { reply_to: inbox }))
    try {
      return await this.#requests.run(send, typeof timeoutMs === 'number' ? timeoutMs : DEFAULT_REQUEST_TIMEOUT_MS)
    } catch (err) {
      fail(span, describeError(err).type)
      throw err
    } finally {
      span.end()
    }
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
    if (this.#requests.receive(envelope, body)) return
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

  /** @returns the message's id; undefined if it was not sent, which its span says */
  #publish(topic: string, payload: unknown, options: PublishOptions, fields: ReplyFields = {}): string | undefined {
    const { tracer } = this.#deps
    const attributes = { ...readAll(options.attributes ?? {}), ...operation('publish', 'send', topic) }
    const span = tracer.startSpan(`publish ${topic}`, { kind: SpanKind.PRODUCER, attributes })
    const id = this.#ids.next(MESSAGE_ID_BYTES)
    const problem = this.#trySend({ id, topic, ...fields }, payload, options, span)
    if (problem !== undefined) fail(span, problem)
    span.end()
    return problem === undefined ? id : undefined
  }

  /** @returns what is wrong, as a value for `error.type`; `undefined` if it is on its way. */
  #trySend(head: MessageHead, payload: unknown, options: PublishOptions, span: Span): string | undefined {
    if (!isTopic(head.topic)) return 'BUS_TOPIC_INVALID'
    const content = toContent(payload)
    if (!content) return 'SDK_PAYLOAD_INVALID'
    if (content.body.length > MAX_BODY_BYTES) return 'BUS_BODY_TOO_LARGE'
    const { conversationId, contentType = content.type } = options
    const now = msToNanos(this.#deps.clock.now()).toString()
    const read = readEnvelope({
      v: ENVELOPE_VERSION,
      ...head,
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
    const about = withTopic(ROOT_CONTEXT, envelope.topic)
    const parent = remote ? trace.setSpanContext(about, remote) : about
    const attributes = {
      ...operation('process', 'process', envelope.topic),
      ...messageAttributes(envelope),
      ...(envelope.source === undefined ? {} : { 'aico.bus.source': envelope.source }),
      ...(sender && sender.legacyIds.length > 0 ? { [LEGACY_ID_ATTRIBUTE]: sender.legacyIds } : {}),
    }
    const links = remote ? [{ context: remote }] : []
    const span = tracer.startSpan(`process ${envelope.topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent)
    const active = trace.setSpan(parent, span)
    try {
      const answer = await contextApi.with(active, handler, undefined, new ReceivedMessage(envelope, body))
      if (answer !== undefined) contextApi.with(active, () => this.#reply(envelope, answer))
    } catch (err) {
      const { type, message, stack } = describeError(err)
      span.recordException({ name: type, message, stack })
      fail(span, type, message)
      contextApi.with(active, () => this.#reply(envelope, null, type))
    } finally {
      span.end()
    }
  }

  /** Only to whoever asked: nobody can have an answer sent anywhere else. What failed is told by its type, never its words. */
  #reply(to: Envelope, payload: unknown, failure?: string): void {
    const { reply_to: topic, source, id } = to
    if (topic === undefined || source === undefined || !topic.startsWith(replyTopic(source))) return
    const isNamed = failure !== undefined && ERROR_TYPE.test(failure)
    const error = failure === undefined ? {} : { error_type: isNamed ? failure : 'Error' }
    this.#publish(topic, payload, {}, { in_reply_to: id, ...error })
  }
}

function operation(name: string, type: string, topic: string): Attributes {
  return {
    ...SYSTEM,
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    [DESTINATION]: topic,
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

interface Content {
  readonly body: Uint8Array
  readonly type: string
}

/** @returns undefined for what is no content: a circle, a bigint, a toJSON of the module's own that throws */
function toContent(payload: unknown): Content | undefined {
  return safely(() => {
    if (payload instanceof Uint8Array) {
      // A copy: the caller may reuse its buffer before this one is sent.
      return { body: new Uint8Array(payload), type: 'application/octet-stream' }
    }
    if (typeof payload === 'string') return { body: utf8(payload), type: 'text/plain; charset=utf-8' }
    const json = JSON.stringify(payload) as string | undefined
    return json === undefined ? undefined : { body: utf8(json), type: 'application/json' }
  }, undefined)
}

/** What is no text is no topic. */
function nameOf(topic: unknown): string {
  return typeof topic === 'string' ? topic : ''
}

function fail(span: Span, type: string, message = type): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}
