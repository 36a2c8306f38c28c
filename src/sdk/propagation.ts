/**
 * Context across processes: between OpenTelemetry's context and the W3C headers of HTTP and of the bus.
 * Reading never throws: wrong headers are absent headers, and a new trace starts.
 */
import { isSpanContextValid, ROOT_CONTEXT, trace, type Context, type SpanContext } from '@opentelemetry/api'
import { toSpanId, toTraceId } from '../model/ids.ts'
import { formatTraceparent, readTraceHeaders, type TraceContext } from '../model/trace-context.ts'
import { formatTracestate } from '../model/tracestate.ts'
import { membersOf, W3cTraceState } from './trace-state.ts'

/** Headers to send, to be added to. */
export type MutableHeaders = Record<string, string | readonly string[] | number | undefined>
/** Headers as received; several values of one name as an array (Node: `request.headersDistinct`). */
export type ReadableHeaders = Readonly<Record<string, string | readonly string[] | number | undefined>>

/** Adds `traceparent`, and `tracestate` if there is one, of the span active in `context`. */
export function injectHeaders<H extends MutableHeaders>(headers: H, context: Context): H {
  const active = toTraceContext(trace.getSpanContext(context))
  if (!active) return headers
  const target: MutableHeaders = headers
  target['traceparent'] = formatTraceparent(active)
  if (active.tracestate.length > 0) target['tracestate'] = formatTracestate(active.tracestate)
  return headers
}

/** A context in which new spans continue the caller's trace; the given context if the headers name none. */
export function extractHeaders(headers: ReadableHeaders, context: Context = ROOT_CONTEXT): Context {
  const traceparent = valuesOf(headers, 'traceparent')
  const remote = readTraceHeaders({ traceparent, tracestate: valuesOf(headers, 'tracestate') })
  return remote ? trace.setSpanContext(context, toRemoteSpanContext(remote)) : context
}

export function toRemoteSpanContext(remote: TraceContext): SpanContext {
  const { traceId, spanId, flags, tracestate } = remote
  return { traceId, spanId, traceFlags: flags, isRemote: true, traceState: new W3cTraceState(tracestate) }
}

/** @returns `undefined` if there is no span, or one that records nothing and names nothing. */
export function toTraceContext(span: SpanContext | undefined): TraceContext | undefined {
  if (!span || !isSpanContextValid(span)) return undefined
  const traceId = toTraceId(span.traceId)
  const spanId = toSpanId(span.spanId)
  if (!traceId || !spanId) return undefined
  return { traceId, spanId, flags: span.traceFlags, tracestate: membersOf(span.traceState) }
}

/** Header names have no case; every value under any spelling counts, so that a duplicate is seen. */
function valuesOf(headers: ReadableHeaders, name: string): readonly string[] {
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? [])
    .map(String)
}
