/**
 * The envelope of a message on the bus: who says what about what, and which trace it belongs to (docs/spec/bus.md, BU20-BU29).
 *
 * JSON, version 1. Unknown fields are ignored. What is read here was written by a module and is hostile until checked;
 * `source` is never taken from a publishing module: the broker sets it from the credential.
 */
import type { Sha256 } from '../base/crypto.ts'
import {
  FLAG_SAMPLED,
  MAX_LEGACY_ID_CHARS,
  readTraceHeaders,
  spanIdOrLegacy,
  traceIdOrLegacy,
  type TraceContext,
} from '../model/trace-context.ts'
import { parseTracestate } from '../model/tracestate.ts'

export const ENVELOPE_VERSION = 1
/** Longest topic or prefix, in characters: topics are matched against every subscription. */
export const MAX_TOPIC_CHARS = 256
/** Longest message id or conversation id, in characters. */
export const MAX_MESSAGE_ID_CHARS = 128
/** Longest content type, in characters. */
export const MAX_CONTENT_TYPE_CHARS = 128

/** The trace block of AICO's envelope: ids as the sender wrote them. */
export interface TraceBlock {
  readonly trace_id: string
  /** The sender's span: the parent of whatever the receiver does. */
  readonly span_id: string
  readonly parent_span_id?: string
  readonly start_time_unix_nano?: string
}

export interface Envelope {
  readonly v: typeof ENVELOPE_VERSION
  readonly id: string
  readonly topic: string
  /** Module name, from its credential. Absent only on the way from a publisher to the broker. */
  readonly source?: string
  /** When it was published, in nanoseconds since the Unix epoch, as a decimal string. */
  readonly time_unix_nano: string
  readonly content_type: string
  readonly conversation_id?: string
  /** Where an answer goes: see {@link replyTopic}. */
  readonly reply_to?: string
  /** Of an answer: the id of the message that it answers. */
  readonly in_reply_to?: string
  /** Of an answer that is none: what failed, as in OpenTelemetry's `error.type`. */
  readonly error_type?: string
  readonly trace?: TraceBlock
  readonly traceparent?: string
  readonly tracestate?: string
}

/** Words of letters, digits, `_` and `-`, joined by single dots or slashes. */
const TOPIC = /^[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*$/
const TOPIC_PREFIX = /^[A-Za-z0-9_./-]*$/
const PRINTABLE_ASCII = /^[\x21-\x7e]+$/
const CONTENT_TYPE = /^[\x20-\x7e]+$/
const UINT64 = /^(?:0|[1-9][0-9]{0,19})$/
const MAX_UINT64 = (1n << 64n) - 1n
const MAX_UINT64_DIGITS = 20

export function isTopic(value: unknown): value is string {
  return isText(value, MAX_TOPIC_CHARS, TOPIC)
}

/** Under which all answers go. */
export const REPLY_TOPICS = 'reply/'

/** Under which answers to a module go; what is under another module's is not answered to. */
export function replyTopic(module: string, rest = ''): string {
  return `${REPLY_TOPICS}${module}/${rest}`
}

/** A subscription's prefix is compared character by character; the empty one is every topic. */
export function isTopicPrefix(value: unknown): value is string {
  return isText(value, MAX_TOPIC_CHARS, TOPIC_PREFIX)
}

/**
 * Reads an envelope out of parsed JSON, keeping known fields only.
 * @returns the name of the first field that is missing or wrong as `bad`, or the envelope.
 */
export function readEnvelope(json: unknown): { readonly envelope: Envelope } | { readonly bad: string } {
  if (!isRecord(json)) return { bad: 'envelope' }
  const envelope: Record<string, unknown> = {}
  for (const [name, isValid] of REQUIRED) {
    const value = json[name]
    if (!isValid(value)) return { bad: name }
    envelope[name] = value
  }
  for (const [name, isValid] of OPTIONAL) {
    const value = json[name]
    if (value === undefined) continue
    if (!isValid(value)) return { bad: name }
    envelope[name] = name === 'trace' ? knownTraceFields(value as TraceBlock) : value
  }
  return { envelope: envelope as unknown as Envelope }
}

/** The sender's context, and its ids as written where they were no W3C ids. */
export interface SenderContext extends TraceContext {
  readonly legacyIds: readonly string[]
}

/**
 * What the receiver's span continues: the W3C headers if they are valid, else the trace block, else nothing.
 * An older module's ids become W3C ids by the rule of docs/spec/trace-context.md.
 */
export function senderContext(envelope: Envelope, sha256: Sha256): SenderContext | undefined {
  const headers = readTraceHeaders(envelope)
  if (headers) return { ...headers, legacyIds: [] }
  if (!envelope.trace) return undefined
  const trace = traceIdOrLegacy(envelope.trace.trace_id, sha256)
  const span = spanIdOrLegacy(envelope.trace.span_id, sha256)
  if (!trace || !span) return undefined
  const tracestate = parseTracestate(envelope.tracestate === undefined ? [] : [envelope.tracestate]) ?? []
  const legacyIds = [trace.legacy, span.legacy].filter((id) => id !== undefined)
  return { traceId: trace.id, spanId: span.id, flags: FLAG_SAMPLED, tracestate, legacyIds }
}

type Check = (value: unknown) => boolean
const isMessageId: Check = (value) => isText(value, MAX_MESSAGE_ID_CHARS, PRINTABLE_ASCII)
const isAnyId: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= MAX_LEGACY_ID_CHARS
const isUint64: Check = (value) =>
  isText(value, MAX_UINT64_DIGITS, UINT64) && (value.length < MAX_UINT64_DIGITS || BigInt(value) <= MAX_UINT64)
/** Whatever it says: a header that is wrong is an absent one (TC1, TC4), and no reason to lose the message. */
const isHeader: Check = (value) => typeof value === 'string'

const REQUIRED: readonly (readonly [keyof Envelope, Check])[] = [
  ['v', (value) => value === ENVELOPE_VERSION],
  ['id', isMessageId],
  ['topic', isTopic],
  ['time_unix_nano', isUint64],
  ['content_type', (value) => isText(value, MAX_CONTENT_TYPE_CHARS, CONTENT_TYPE)],
]
const OPTIONAL: readonly (readonly [keyof Envelope, Check])[] = [
  ['source', isMessageId],
  ['conversation_id', isMessageId],
  ['reply_to', isTopic],
  ['in_reply_to', isMessageId],
  ['error_type', isMessageId],
  ['trace', isTraceBlock],
  ['traceparent', isHeader],
  ['tracestate', isHeader],
]

function isTraceBlock(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { parent_span_id: parent, start_time_unix_nano: start } = value
  return (
    isAnyId(value['trace_id']) &&
    isAnyId(value['span_id']) &&
    (parent === undefined || isAnyId(parent)) &&
    (start === undefined || isUint64(start))
  )
}

function knownTraceFields(trace: TraceBlock): TraceBlock {
  return {
    trace_id: trace.trace_id,
    span_id: trace.span_id,
    ...(trace.parent_span_id === undefined ? {} : { parent_span_id: trace.parent_span_id }),
    ...(trace.start_time_unix_nano === undefined ? {} : { start_time_unix_nano: trace.start_time_unix_nano }),
  }
}

function isText(value: unknown, limit: number, pattern: RegExp): value is string {
  return typeof value === 'string' && value.length <= limit && pattern.test(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
