/** Finished spans and logs -> OTLP protobuf, in batches that fit a bus frame. */
import type { SpanContext } from '@opentelemetry/api'
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../model/ids.ts'
import { formatTracestate } from '../model/tracestate.ts'
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import {
  encodeLogsData,
  encodeMetricsData,
  encodeTracesData,
  REMOTE,
  REMOTE_KNOWN,
  type LinkInput,
  type LogRecordInput,
  type SpanInput,
} from '../wire/otlp/encode.ts'
import type { MetricDataInput, MetricInput } from '../wire/otlp/write-metric.ts'
import type { FinishedLog } from './logger.ts'
import type { Scope } from './scope.ts'
import type { FinishedLink, FinishedSpan } from './span.ts'
import { membersOf } from './trace-state.ts'

/** Points of one metric that are written together: with attributes of {@link MAX_SERIES_CHARS} each they fit a frame. */
const MAX_POINTS_OF_METRIC = 256

export interface Origin {
  readonly resource: { readonly attributes: Attributes }
  /** The module's own. */
  readonly scope: Scope
}

export interface EncodedBatch {
  readonly bytes: Uint8Array
  readonly records: number
}

export function encodeSpans({ resource }: Origin, spans: readonly FinishedSpan[]): EncodedBatch[] {
  return [...Map.groupBy(spans, ({ scope }) => scope)].flatMap(([scope, ofScope]) =>
    split(ofScope.map(toSpanInput), (part) => encodeTracesData({ resource, scope, spans: part })),
  )
}

export function encodeLogs(origin: Origin, logs: readonly FinishedLog[]): EncodedBatch[] {
  return split(logs.map(toLogInput), (part) => encodeLogsData({ ...origin, logRecords: part }))
}

/** Its records are points. */
export function encodeMetrics({ resource }: Origin, scope: Scope, metrics: readonly MetricInput[]): EncodedBatch[] {
  const encode = (part: readonly MetricInput[]): Uint8Array => encodeMetricsData({ resource, scope, metrics: part })
  return split(metrics.flatMap(inParts), encode, ({ data }) => data.points.length)
}

function inParts(metric: MetricInput): readonly MetricInput[] {
  const { data } = metric
  const count = Math.ceil(data.points.length / MAX_POINTS_OF_METRIC)
  if (count <= 1) return [metric]
  return Array.from({ length: count }, (_, i) => {
    const points = data.points.slice(i * MAX_POINTS_OF_METRIC, (i + 1) * MAX_POINTS_OF_METRIC)
    return { ...metric, data: { ...data, points } as MetricDataInput }
  })
}

/** Halves until each part fits; a single record always does, by its budget. */
function split<T>(
  records: readonly T[],
  encode: (part: readonly T[]) => Uint8Array,
  weightOf: (record: T) => number = () => 1,
): EncodedBatch[] {
  if (records.length === 0) return []
  const bytes = encode(records)
  if (bytes.length <= MAX_BODY_BYTES || records.length === 1) {
    return [{ bytes, records: records.reduce((sum, record) => sum + weightOf(record), 0) }]
  }
  const middle = records.length >> 1
  return [records.slice(0, middle), records.slice(middle)].flatMap((half) => split(half, encode, weightOf))
}

function toSpanInput(span: FinishedSpan): SpanInput {
  const { name, kind, startUnixNano, endUnixNano, attributes, events, status } = span
  const { traceState } = span.context
  return {
    // The tracer's own.
    traceId: span.context.traceId as TraceId,
    spanId: span.context.spanId as SpanId,
    parentSpanId: span.parent && idsOf(span.parent)?.spanId,
    traceState: traceState && formatTracestate(membersOf(traceState)),
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
  }
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
