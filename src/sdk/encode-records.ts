/** Finished spans and logs -> OTLP protobuf, in batches that fit a bus frame. */
import type { SpanContext } from '@opentelemetry/api'
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../model/ids.ts'
import { formatTracestate } from '../model/tracestate.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import {
  encodeLogsData,
  encodeTracesData,
  REMOTE,
  REMOTE_KNOWN,
  type LinkInput,
  type LogRecordInput,
  type SpanInput,
} from '../wire/otlp/encode.ts'
import type { FinishedLog } from './logger.ts'
import type { FinishedLink, FinishedSpan } from './span.ts'
import { membersOf } from './trace-state.ts'

export interface Origin {
  readonly resource: { readonly attributes: Attributes }
  readonly scope: { readonly name: string; readonly version: string }
}

export interface EncodedBatch {
  readonly bytes: Uint8Array
  readonly records: number
}

export function encodeSpans(origin: Origin, spans: readonly FinishedSpan[]): EncodedBatch[] {
  const inputs = spans.flatMap(toSpanInput)
  return split(inputs, (part) => encodeTracesData({ ...origin, spans: part }))
}

export function encodeLogs(origin: Origin, logs: readonly FinishedLog[]): EncodedBatch[] {
  return split(logs.map(toLogInput), (part) => encodeLogsData({ ...origin, logRecords: part }))
}

/** Halves until each part fits; a single record always does, by its budget. */
function split<T>(records: readonly T[], encode: (part: readonly T[]) => Uint8Array): EncodedBatch[] {
  if (records.length === 0) return []
  const bytes = encode(records)
  if (bytes.length <= MAX_BODY_BYTES || records.length === 1) return [{ bytes, records: records.length }]
  const middle = records.length >> 1
  return [...split(records.slice(0, middle), encode), ...split(records.slice(middle), encode)]
}

function toSpanInput(span: FinishedSpan): readonly SpanInput[] {
  const ids = idsOf(span.context)
  if (!ids) return []
  const { name, kind, startUnixNano, endUnixNano, attributes, events, status } = span
  return [
    {
      ...ids,
      parentSpanId: span.parent && idsOf(span.parent)?.spanId,
      traceState: formatTracestate(membersOf(span.context.traceState)),
      name,
      kind: kind + 1, // OpenTelemetry's API counts from internal = 0, OTLP from internal = 1
      startUnixNano,
      endUnixNano,
      attributes,
      droppedAttributesCount: span.droppedAttributes,
      events,
      droppedEventsCount: span.droppedEvents,
      links: span.links.flatMap(toLinkInput),
      droppedLinksCount: span.droppedLinks,
      status,
      flags: flagsOf(span.context, span.parent),
    },
  ]
}

function toLinkInput({ context, attributes }: FinishedLink): readonly LinkInput[] {
  const ids = idsOf(context)
  if (!ids) return []
  const traceState = formatTracestate(membersOf(context.traceState))
  return [{ ...ids, traceState, attributes, flags: flagsOf(context, context) }]
}

function toLogInput(log: FinishedLog): LogRecordInput {
  const { timeUnixNano, severityNumber, severityText, body, attributes } = log
  const ids = log.span && idsOf(log.span)
  return {
    timeUnixNano,
    observedUnixNano: timeUnixNano,
    severityNumber,
    severityText,
    body,
    attributes,
    droppedAttributesCount: log.droppedAttributes,
    ...(log.span && ids ? { ...ids, flags: log.span.traceFlags } : {}),
  }
}

/** W3C flags of a span, and whether the one it hangs on came from another process. */
function flagsOf(context: SpanContext, other: SpanContext | undefined): number {
  const remote = other ? REMOTE_KNOWN | (other.isRemote === true ? REMOTE : 0) : REMOTE_KNOWN
  return context.traceFlags | remote
}

/** A link can name anything a module passed as a context. */
function idsOf(context: SpanContext): { readonly traceId: TraceId; readonly spanId: SpanId } | undefined {
  const traceId = toTraceId(context.traceId)
  const spanId = toSpanId(context.spanId)
  return traceId && spanId ? { traceId, spanId } : undefined
}
