/**
 * What an answer keeps of a span. Not the decoded span itself: two bytes of an empty event are a hundred in memory, and
 * a view of its bytes keeps the whole chunk.
 */
import type { SpanId } from '../model/ids.ts'
import type { DecodedSpan } from '../wire/otlp/decode-traces.ts'
import { attributesToJson, type JsonValue } from './attributes-to-json.ts'
import type { SpanLinkRef } from './stitched-trace.ts'

export interface SpanFacts extends Pick<DecodedSpan, 'name' | 'kind' | 'startUnixNano' | 'endUnixNano' | 'status'> {
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | undefined
  readonly events: number
  readonly links: readonly SpanLinkRef[]
  /** Undefined when nobody asked for them. */
  readonly attributes: { readonly [key: string]: JsonValue } | undefined
  /** A copy: for telling records under one span id apart. */
  readonly recordBytes: Uint8Array
}

export function spanFacts(span: DecodedSpan, withAttributes: boolean): SpanFacts {
  const { spanId, parentSpanId, name, kind, startUnixNano, endUnixNano, status } = span
  return {
    spanId,
    parentSpanId,
    name,
    kind,
    startUnixNano,
    endUnixNano,
    status,
    events: span.events.length,
    links: span.links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
    attributes: withAttributes ? attributesToJson(span.attributes) : undefined,
    recordBytes: span.recordBytes.slice(),
  }
}
