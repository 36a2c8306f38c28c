/**
 * What a module reports itself (docs/spec/bus.md, BU71 and BU72): bodies of `audit` and `notify` frames, JSON in UTF-8.
 *
 *   audit:  {"type", "outcome"?, "trace"?: {"trace_id", "span_id"}, "data"?: {name: text | number | boolean | null}}
 *   notify: {"text"}
 *
 * Unknown members are ignored. Whatever else breaks a rule makes a report unreadable as a whole: it is one fact.
 */
import { utf8 } from '../base/bytes.ts'
import { hasUnseen } from '../base/unseen.ts'
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../model/ids.ts'

/** Two to four words, such as `conversation.started`. */
const TYPE = /^[a-z][a-z0-9-]{0,31}(?:\.[a-z][a-z0-9-]{0,31}){1,3}$/
/** What only the agent says. */
const RESERVED = /^(?:agent|audit|consent|device|key|membership|module|pairing|plugin|stage)\./
export const REPORT_OUTCOMES = ['success', 'failure', 'denied'] as const
/** Most members of `data`. */
export const MAX_REPORT_DATA = 32
/** Longest name of one, in characters. */
const MAX_NAME_CHARS = 64
/** Longest text of one, in characters. */
export const MAX_DATA_CHARS = 1_024
/** Most text of all, in characters: at three bytes each it fits an audit payload. */
const MAX_ALL_DATA_CHARS = 2_048
/** Longest notification, in characters: one short sentence. */
export const MAX_NOTIFY_CHARS = 140

export type ReportData = Readonly<Record<string, string | number | boolean | null>>

export interface AuditReport {
  readonly type: string
  readonly outcome: (typeof REPORT_OUTCOMES)[number]
  readonly trace?: { readonly traceId: TraceId; readonly spanId: SpanId } | undefined
  readonly data: ReportData
}
export interface NotifyReport {
  readonly text: string
}

export function encodeAuditReport({ type, outcome, trace, data }: AuditReport): Uint8Array {
  const ids = trace && { trace_id: trace.traceId, span_id: trace.spanId }
  return utf8(JSON.stringify({ type, outcome, trace: ids, data }))
}

export function encodeNotifyReport({ text }: NotifyReport): Uint8Array {
  return utf8(JSON.stringify({ text }))
}

/** @returns undefined for what breaks a rule */
export function readAuditReport(body: Uint8Array): AuditReport | undefined {
  const { type, outcome = 'success', trace: given, data = {} } = parse(body)
  const trace = given === undefined ? undefined : readTrace(given)
  if (typeof type !== 'string' || !TYPE.test(type) || RESERVED.test(type)) return undefined
  if (!isOneOf(REPORT_OUTCOMES, outcome) || (given !== undefined && trace === undefined)) return undefined
  return isData(data) ? { type, outcome, trace, data } : undefined
}

/** @returns undefined for what breaks a rule */
export function readNotifyReport(body: Uint8Array): NotifyReport | undefined {
  const { text } = parse(body)
  const isText = typeof text === 'string' && text.trim() !== '' && text.length <= MAX_NOTIFY_CHARS && !hasUnseen(text)
  return isText ? { text } : undefined
}

function readTrace(value: unknown): AuditReport['trace'] {
  if (!isObject(value)) return undefined
  const { trace_id: trace, span_id: span } = value
  const traceId = typeof trace === 'string' ? toTraceId(trace) : undefined
  const spanId = typeof span === 'string' ? toSpanId(span) : undefined
  return traceId && spanId ? { traceId, spanId } : undefined
}

function isData(value: unknown): value is ReportData {
  if (!isObject(value)) return false
  const members = Object.entries(value)
  const chars = members.reduce((sum, [name, text]) => sum + name.length + String(text).length, 0)
  return members.length <= MAX_REPORT_DATA && chars <= MAX_ALL_DATA_CHARS && members.every(isMember)
}

function isMember([name, value]: readonly [string, unknown]): boolean {
  if (name === '' || name.length > MAX_NAME_CHARS) return false
  if (typeof value === 'string') return value.length <= MAX_DATA_CHARS
  return value === null || typeof value === 'boolean' || Number.isFinite(value)
}

function isOneOf<T extends string>(list: readonly T[], value: unknown): value is T {
  return list.includes(value as T)
}

function parse(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    return isObject(value) ? value : {}
  } catch {
    return {} // neither UTF-8 nor JSON: nothing of it is there
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
