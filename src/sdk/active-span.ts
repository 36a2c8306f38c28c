/** The span that a log record is written in: the active one, or one that it names itself. */
import { context, trace, type SpanContext } from '@opentelemetry/api'
import { toSpanId, toTraceId } from '../model/ids.ts'
import type { LogRecordInput } from '../wire/otlp/encode.ts'

export type SpanOfLog = Pick<LogRecordInput, 'traceId' | 'spanId' | 'flags'>

const NONE: SpanOfLog = { traceId: undefined, spanId: undefined, flags: undefined }

export function activeSpan(): SpanContext | undefined {
  return trace.getSpanContext(context.active())
}

/** As a log record has it. A context can be anything that a module made: one without valid ids is none. */
export function spanOfLog(span: SpanContext | undefined): SpanOfLog {
  if (span === undefined) return NONE
  const traceId = toTraceId(span.traceId)
  const spanId = toSpanId(span.spanId)
  return traceId && spanId ? { traceId, spanId, flags: span.traceFlags } : NONE
}
