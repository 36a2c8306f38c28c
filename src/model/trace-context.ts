/**
 * W3C Trace Context, Level 2: the `traceparent` header as words (docs/spec/trace-context.md). `tracestate` is next door.
 *
 * A header that is wrong in any way is as good as absent: the answer is `undefined`, never an error.
 * Ids of AICO's older modules are not W3C ids; `traceIdOrLegacy` and `spanIdOrLegacy` give each a stable one.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import { SPAN_ID_BYTES, toSpanId, toTraceId, TRACE_ID_BYTES, type SpanId, type TraceId } from './ids.ts'
import { parseTracestate, type Tracestate } from './tracestate.ts'

/** The caller may have recorded its span. */
export const FLAG_SAMPLED = 0x01
/** At least the last seven bytes of the trace id are random. */
export const FLAG_RANDOM = 0x02
/** Attribute that keeps an id as its module wrote it, when it was not a W3C id. */
export const LEGACY_ID_ATTRIBUTE = 'aico.trace.legacy_id'
/** Longest id taken from an older module, in UTF-16 units: theirs are a dozen characters, and it is kept as an attribute. */
export const MAX_LEGACY_ID_CHARS = 128

export interface TraceContext {
  readonly traceId: TraceId
  readonly spanId: SpanId
  /** Known bits only: {@link FLAG_SAMPLED}, {@link FLAG_RANDOM}. */
  readonly flags: number
  readonly tracestate: Tracestate
}

/** Headers as they arrived: every value of a name that came more than once, in order. */
export interface TraceHeaders {
  readonly traceparent?: string | readonly string[] | undefined
  readonly tracestate?: string | readonly string[] | undefined
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s
const KNOWN_FLAGS = FLAG_SAMPLED | FLAG_RANDOM
const NO_STATE: Tracestate = []

/** The caller's context, or `undefined` if a new trace must be started. A bad tracestate is dropped alone. */
export function readTraceHeaders(headers: TraceHeaders): TraceContext | undefined {
  const [traceparent, ...more] = [headers.traceparent ?? []].flat()
  if (traceparent === undefined || more.length > 0) return undefined
  const parent = parseTraceparent(traceparent)
  if (!parent) return undefined
  return { ...parent, tracestate: parseTracestate([headers.tracestate ?? []].flat()) ?? NO_STATE }
}

/** Version 00 is exactly four fields; a later version may add more after a dash, and ff is forbidden. */
export function parseTraceparent(text: string): Omit<TraceContext, 'tracestate'> | undefined {
  const [, version, trace, span, flags, rest] = TRACEPARENT.exec(text) ?? []
  if (trace === undefined || span === undefined || flags === undefined) return undefined
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const traceId = toTraceId(trace)
  const spanId = toSpanId(span)
  if (!traceId || !spanId) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & KNOWN_FLAGS }
}

/** Always version 00, whatever version the caller spoke. */
export function formatTraceparent(context: Omit<TraceContext, 'tracestate'>): string {
  const flags = (context.flags & KNOWN_FLAGS).toString(16).padStart(2, '0')
  return `00-${context.traceId}-${context.spanId}-${flags}`
}

/** An id, and the text it stands for if that was no W3C id. */
export interface ReadId<Id> {
  readonly id: Id
  readonly legacy: string | undefined
}

/** @returns `undefined` for text without an id in it: empty, too long, or all zeros, which is how many say that there is none. */
export function traceIdOrLegacy(text: string, sha256: Sha256): ReadId<TraceId> | undefined {
  return idOrLegacy(text, toTraceId, 'aico-mesh/legacy-trace-id/v1\0', TRACE_ID_BYTES, sha256)
}

/** As {@link traceIdOrLegacy}. */
export function spanIdOrLegacy(text: string, sha256: Sha256): ReadId<SpanId> | undefined {
  return idOrLegacy(text, toSpanId, 'aico-mesh/legacy-span-id/v1\0', SPAN_ID_BYTES, sha256)
}

function idOrLegacy<Id extends string>(
  text: string,
  toId: (value: string | Uint8Array) => Id | undefined,
  domain: string,
  length: number,
  sha256: Sha256,
): ReadId<Id> | undefined {
  if (text.length > MAX_LEGACY_ID_CHARS || /^0*$/.test(text)) return undefined
  const valid = toId(text)
  if (valid !== undefined) return { id: valid, legacy: undefined }
  const derived = toId(sha256(concat(utf8(domain), utf8(text))).slice(0, length))
  return derived === undefined ? undefined : { id: derived, legacy: text }
}
