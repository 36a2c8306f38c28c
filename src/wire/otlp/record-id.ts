/**
 * Trace and span ids as OTLP means them: invalid ids of a span are an error, those of a log record or exemplar mean
 * "not part of a trace" (logs.proto), and a parent of zeros means "no parent", as several SDKs write it.
 */
import type { SpanId, TraceId } from '../../model/ids.ts'
import { SPAN_ID_BYTES, toSpanId, toTraceId } from '../../model/ids.ts'
import { OtlpError } from './otlp-error.ts'

export function requireTraceId(bytes: Uint8Array | undefined): TraceId {
  const id = bytes && toTraceId(bytes)
  if (id === undefined) throw badId('trace_id', 16)
  return id
}

export function requireSpanId(bytes: Uint8Array | undefined): SpanId {
  const id = bytes && toSpanId(bytes)
  if (id === undefined) throw badId('span_id', 8)
  return id
}

/** No bytes or eight zeros is no parent; another length is an error. */
export function readParentSpanId(bytes: Uint8Array | undefined): SpanId | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  const id = toSpanId(bytes)
  if (id === undefined && bytes.length !== SPAN_ID_BYTES) throw badId('parent_span_id', SPAN_ID_BYTES)
  return id
}

function badId(field: string, length: number): OtlpError {
  return new OtlpError('OTLP_BAD_ID', `${field} must be ${length} bytes that are not all zero`)
}
