/**
 * Frames between a module and its agent (docs/spec/bus.md, BU10-BU19): two ZeroMQ parts, [header, body].
 *
 *   header: UTF-8 JSON object, at most 64 KiB, with `kind` and that kind's fields · body: bytes, at most 4 MiB, often empty
 *
 * Unknown fields are ignored, unknown kinds refused. A frame that breaks a rule is answered with a code and harms
 * nothing else, so decoding returns what is wrong instead of throwing it.
 */
import { utf8 } from '../base/bytes.ts'
import { STREAM, type Delivery } from '../model/delivery.ts'
import { SIGNALS, type Signal } from '../model/lane.ts'
import type { RecordingRule } from '../model/recording.ts'
import type { ReportKind } from '../model/report-kind.ts'
import { isStage, type Stage } from '../model/stage.ts'
import type { HealthReport } from '../model/health.ts'
import { isTopicPrefix, readEnvelope, type Envelope } from './bus-envelope.ts'
import { readHealthReports } from './bus-health.ts'
import { readRecordingRules } from './bus-recording.ts'

export const BUS_VERSION = 1
/** Largest header, in bytes: an envelope with every field at its limit is under 20 KiB. */
export const MAX_HEADER_BYTES = 65_536
/** Largest body, in bytes: a batch of 512 records with long attributes, or a message's payload. */
export const MAX_BODY_BYTES = 4_194_304
/** Largest body of what a module reports itself, in bytes: what an audit log takes, and JSON around it. */
export const MAX_REPORT_BYTES = 16_384
/** Longest description of a module's SDK, in characters; only ever logged. */
const MAX_SDK_CHARS = 128
/** Longest code of an answer, in characters. */
const MAX_CODE_CHARS = 64
/** Most codes that an answer tells counts of. */
const MAX_CODES = 64
/** Longest session id, in characters. */
const MAX_SESSION_CHARS = 128

export const ENCODINGS = ['protobuf', 'json'] as const
export type TelemetryEncoding = (typeof ENCODINGS)[number]

/** What an agent answers in `nack` and `bye`. Stable: modules branch on it. */
export type BusCode =
  | 'BUS_FRAME_COUNT'
  | 'BUS_HEADER_TOO_LARGE'
  | 'BUS_BODY_TOO_LARGE'
  | 'BUS_HEADER_INVALID'
  | 'BUS_UNKNOWN_KIND'
  | 'BUS_FIELD_INVALID'
  | 'BUS_TOPIC_INVALID'
  | 'BUS_VERSION'
  | 'BUS_NO_SESSION'
  | 'BUS_SUBSCRIPTION_LIMIT'
  | 'BUS_NOT_ALLOWED'
  | 'BUS_BUSY'
  | 'BUS_INTERNAL'
  | 'BUS_STOPPING'
  | 'BUS_MODULE_REMOVED'
  | 'BUS_SLOW_READER'
  | 'BUS_SESSION_EXPIRED'

/** What a module reports itself, in JSON: an event for the audit, or something for the person to know. */
export interface ReportMessage {
  readonly kind: ReportKind
  readonly seq: number
  readonly delivery?: Delivery
  readonly body: Uint8Array
}

/** Every message may carry a `seq` of the module's choosing; one with a `seq` gets exactly one ack, nack or welcome. */
export type ModuleMessage =
  /** `recording`: it is told what to record; modules older than that frame would not know it. */
  | {
      readonly kind: 'hello'
      readonly seq?: number
      readonly v: typeof BUS_VERSION
      readonly sdk: string
      readonly recording?: true
    }
  | {
      readonly kind: 'telemetry'
      readonly seq: number
      readonly signal: Signal
      readonly encoding: TelemetryEncoding
      readonly delivery?: Delivery
      readonly body: Uint8Array
    }
  | ReportMessage
  | { readonly kind: 'publish'; readonly seq?: number; readonly envelope: Envelope; readonly body: Uint8Array }
  | { readonly kind: 'subscribe'; readonly seq?: number; readonly prefix: string }
  | { readonly kind: 'unsubscribe'; readonly seq?: number; readonly prefix: string }
  | { readonly kind: 'health'; readonly seq: number; readonly checks: readonly HealthReport[] }
  | { readonly kind: 'ping'; readonly seq?: number }

export type AgentMessage =
  | {
      readonly kind: 'welcome'
      readonly v: typeof BUS_VERSION
      readonly module: string
      readonly stage: Stage
      readonly session: string
    }
  /**
   * `rejected`: records of the batch that were not taken and never will be; `code`: why, of the first of them. `refused`: how
   * many for each code, and how many details of records that were taken without them.
   */
  | {
      readonly kind: 'ack'
      readonly seq: number
      readonly rejected?: number
      readonly code?: string
      readonly refused?: RefusedCounts
    }
  | { readonly kind: 'nack'; readonly seq?: number; readonly code: string; readonly retryAfterMs?: number }
  | { readonly kind: 'message'; readonly envelope: Envelope; readonly body: Uint8Array }
  | { readonly kind: 'stage'; readonly stage: Stage }
  | { readonly kind: 'recording'; readonly rules: readonly RecordingRule[] }
  | { readonly kind: 'bye'; readonly code: string }

export type RefusedCounts = Readonly<Record<string, number>>

export interface Refusal {
  readonly code: BusCode
  /** The refused frame's own number, if it could still be read. */
  readonly seq?: number
  /** The field that is missing or wrong. */
  readonly field?: string
}
export type Decoded<Message> = { readonly message: Message } | { readonly refused: Refusal }

type Frames = readonly [header: Uint8Array, body: Uint8Array]
export type WrittenFrames = readonly [header: string, body: Uint8Array]
type Fields = Readonly<Record<string, unknown>>

const decoder = new TextDecoder('utf-8', { fatal: true })
const NO_BODY = new Uint8Array(0)

export function encodeFrames(message: ModuleMessage | AgentMessage): Frames {
  const [header, body] = writeFrames(message)
  return [utf8(header), body]
}

/** The same with the header as text, for a socket that makes UTF-8 of it: bytes of ours it would have to give back to us. */
export function writeFrames(message: ModuleMessage | AgentMessage): WrittenFrames {
  if (!('body' in message)) return [JSON.stringify(message), NO_BODY]
  const { body, ...header } = message
  return [JSON.stringify(header), body]
}

/** Reads what a module sent. Bodies are views on the frames, not copies. */
export function decodeModuleFrames(frames: readonly Uint8Array[]): Decoded<ModuleMessage> {
  return decode(frames, readModuleMessage)
}

/** Reads what the agent sent. Bodies are views on the frames, not copies. */
export function decodeAgentFrames(frames: readonly Uint8Array[]): Decoded<AgentMessage> {
  return decode(frames, readAgentMessage)
}

function decode<Message>(
  frames: readonly Uint8Array[],
  read: (fields: Fields, seq: number | undefined, body: Uint8Array) => Decoded<Message>,
): Decoded<Message> {
  const [header, body] = frames
  if (!header || !body || frames.length !== 2) return { refused: { code: 'BUS_FRAME_COUNT' } }
  if (header.length > MAX_HEADER_BYTES) return { refused: { code: 'BUS_HEADER_TOO_LARGE' } }
  const fields = parseObject(header)
  if (!fields) return { refused: { code: 'BUS_HEADER_INVALID' } }
  const seq = isSeq(fields['seq']) ? fields['seq'] : undefined
  if (body.length > MAX_BODY_BYTES) return refuse('BUS_BODY_TOO_LARGE', seq)
  if (fields['seq'] !== undefined && seq === undefined) return refuse('BUS_FIELD_INVALID', seq, 'seq')
  return read(fields, seq, body)
}

function readModuleMessage(fields: Fields, seq: number | undefined, body: Uint8Array): Decoded<ModuleMessage> {
  const withSeq = seq === undefined ? {} : { seq }
  const { kind } = fields
  switch (kind) {
    case 'hello':
      return readHello(fields, seq)
    case 'telemetry':
      return readTelemetry(fields, seq, body)
    case 'audit':
    case 'notify':
      return readReport(kind, fields, seq, body)
    case 'publish': {
      // The sender's name is the broker's to set: whatever a module wrote there is not even looked at.
      const read = isObject(fields['envelope']) ? readEnvelope({ ...fields['envelope'], source: undefined }) : undefined
      if (read && 'envelope' in read) return { message: { kind, ...withSeq, envelope: read.envelope, body } }
      const field = read?.bad ?? 'envelope'
      return refuse(field === 'topic' ? 'BUS_TOPIC_INVALID' : 'BUS_FIELD_INVALID', seq, field)
    }
    case 'subscribe':
    case 'unsubscribe': {
      const { prefix } = fields
      if (!isTopicPrefix(prefix)) return refuse('BUS_TOPIC_INVALID', seq, 'prefix')
      return { message: { kind, ...withSeq, prefix } }
    }
    case 'health': {
      const checks = readHealthReports(fields['checks'])
      if (seq === undefined) return refuse('BUS_FIELD_INVALID', seq, 'seq')
      return checks ? { message: { kind, seq, checks } } : refuse('BUS_FIELD_INVALID', seq, 'checks')
    }
    case 'ping':
      return { message: { kind, ...withSeq } }
    default:
      return refuse('BUS_UNKNOWN_KIND', seq, 'kind')
  }
}

function readHello(fields: Fields, seq: number | undefined): Decoded<ModuleMessage> {
  const { v, sdk, recording } = fields
  if (v !== BUS_VERSION) return refuse('BUS_VERSION', seq, 'v')
  if (!isTextOf(sdk, MAX_SDK_CHARS)) return refuse('BUS_FIELD_INVALID', seq, 'sdk')
  const withSeq = seq === undefined ? {} : { seq }
  return { message: { kind: 'hello', v, sdk, ...withSeq, ...(recording === true && { recording }) } }
}

function readTelemetry(fields: Fields, seq: number | undefined, body: Uint8Array): Decoded<ModuleMessage> {
  const { signal, encoding } = fields
  if (seq === undefined) return refuse('BUS_FIELD_INVALID', seq, 'seq')
  if (!SIGNALS.includes(signal as Signal)) return refuse('BUS_FIELD_INVALID', seq, 'signal')
  if (!ENCODINGS.includes(encoding as TelemetryEncoding)) return refuse('BUS_FIELD_INVALID', seq, 'encoding')
  const head = { kind: 'telemetry', seq, signal: signal as Signal, encoding: encoding as TelemetryEncoding } as const
  return withDelivery({ ...head, body }, fields)
}

function readReport(
  kind: ReportKind,
  fields: Fields,
  seq: number | undefined,
  body: Uint8Array,
): Decoded<ModuleMessage> {
  if (seq === undefined) return refuse('BUS_FIELD_INVALID', seq, 'seq')
  if (body.length > MAX_REPORT_BYTES) return refuse('BUS_BODY_TOO_LARGE', seq)
  return withDelivery({ kind, seq, body }, fields)
}

function withDelivery(
  message: Extract<ModuleMessage, { delivery?: Delivery }>,
  fields: Fields,
): Decoded<ModuleMessage> {
  if (fields['delivery'] === undefined) return { message }
  const delivery = readDelivery(fields['delivery'])
  return delivery ? { message: { ...message, delivery } } : refuse('BUS_FIELD_INVALID', message.seq, 'delivery')
}

function readDelivery(value: unknown): Delivery | undefined {
  if (!isObject(value)) return undefined
  const { stream, n, oldest } = value
  const isRight = typeof stream === 'string' && STREAM.test(stream) && isSeq(n) && isSeq(oldest) && oldest <= n
  return isRight ? { stream, n, oldest } : undefined
}

function readAgentMessage(fields: Fields, seq: number | undefined, body: Uint8Array): Decoded<AgentMessage> {
  const { kind, code, stage } = fields
  switch (kind) {
    case 'welcome':
      return readWelcome(fields)
    case 'ack':
      return readAck(fields, seq)
    case 'nack':
      return readNack(fields, seq)
    case 'message': {
      const read = readEnvelope(fields['envelope'])
      if ('bad' in read) return refuse('BUS_FIELD_INVALID', seq, read.bad)
      return { message: { kind, envelope: read.envelope, body } }
    }
    case 'stage':
      return isStage(stage) ? { message: { kind, stage } } : refuse('BUS_FIELD_INVALID', seq, 'stage')
    case 'recording': {
      const rules = readRecordingRules(fields['rules'])
      return rules ? { message: { kind, rules } } : refuse('BUS_FIELD_INVALID', seq, 'rules')
    }
    case 'bye':
      return isTextOf(code, MAX_CODE_CHARS) ? { message: { kind, code } } : refuse('BUS_FIELD_INVALID', seq, 'code')
    default:
      return refuse('BUS_UNKNOWN_KIND', seq, 'kind')
  }
}

function readWelcome(fields: Fields): Decoded<AgentMessage> {
  const { v, module, stage, session } = fields
  if (v !== BUS_VERSION) return refuse('BUS_VERSION', undefined, 'v')
  if (!isTextOf(module, MAX_SESSION_CHARS)) return refuse('BUS_FIELD_INVALID', undefined, 'module')
  if (!isTextOf(session, MAX_SESSION_CHARS)) return refuse('BUS_FIELD_INVALID', undefined, 'session')
  if (!isStage(stage)) return refuse('BUS_FIELD_INVALID', undefined, 'stage')
  return { message: { kind: 'welcome', v, module, stage, session } }
}

function readAck(fields: Fields, seq: number | undefined): Decoded<AgentMessage> {
  const { rejected, code, refused } = fields
  if (seq === undefined) return refuse('BUS_FIELD_INVALID', seq, 'seq')
  if (code !== undefined && !isTextOf(code, MAX_CODE_CHARS)) return refuse('BUS_FIELD_INVALID', seq, 'code')
  if (rejected !== undefined && !isSeq(rejected)) return refuse('BUS_FIELD_INVALID', seq, 'rejected')
  if (refused !== undefined && !isRefusedCounts(refused)) return refuse('BUS_FIELD_INVALID', seq, 'refused')
  return {
    message: {
      kind: 'ack',
      seq,
      ...(rejected === undefined ? {} : { rejected }),
      ...(code === undefined ? {} : { code }),
      ...(refused === undefined ? {} : { refused }),
    },
  }
}

function isRefusedCounts(value: unknown): value is RefusedCounts {
  if (!isObject(value)) return false
  const counts = Object.entries(value)
  return counts.length <= MAX_CODES && counts.every(([code, count]) => isTextOf(code, MAX_CODE_CHARS) && isSeq(count))
}

function readNack(fields: Fields, seq: number | undefined): Decoded<AgentMessage> {
  const { code, retryAfterMs } = fields
  if (!isTextOf(code, MAX_CODE_CHARS)) return refuse('BUS_FIELD_INVALID', seq, 'code')
  if (retryAfterMs !== undefined && !isSeq(retryAfterMs)) return refuse('BUS_FIELD_INVALID', seq, 'retryAfterMs')
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs }
  return { message: { kind: 'nack', code, ...(seq === undefined ? {} : { seq }), ...retry } }
}

function refuse(code: BusCode, seq: number | undefined, field?: string): { readonly refused: Refusal } {
  return { refused: { code, ...(seq === undefined ? {} : { seq }), ...(field === undefined ? {} : { field }) } }
}

/** The header's JSON object. Its nesting needs no own limit: V8 parses without recursion and 64 KiB bound it. */
function parseObject(header: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(header))
    return isObject(value) ? value : undefined
  } catch {
    return undefined // neither UTF-8 nor JSON: the caller answers BUS_HEADER_INVALID
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTextOf(value: unknown, limit: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= limit
}
