/**
 * Plain objects -> OTLP protobuf: `TracesData`, `LogsData` and `MetricsData` of one resource and scope. Fields at their
 * default are left out. Decoded records of this folder fit the inputs. Never throws; ids are trusted, since their types
 * vouch for them.
 */
import type { SpanId, TraceId } from '../../model/ids.ts'
import type { AttributeValue } from './attributes.ts'
import { BatchEncoder, type BatchHead, type WriteRecord } from './batch-encoder.ts'
import type { AttributesInput } from './encode-attributes.ts'
import { writeAttributes, writeValue } from './encode-attributes.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'
import type { MetricInput } from './write-metric.ts'
import { writeMetric } from './write-metric.ts'

export interface TracesInput extends BatchHead {
  readonly spans: readonly SpanInput[]
}
export interface LogsInput extends BatchHead {
  readonly logRecords: readonly LogRecordInput[]
}
export interface MetricsInput extends BatchHead {
  readonly metrics: readonly MetricInput[]
}

/** A time in nanoseconds since the Unix epoch; as two numbers it is quicker to make and to write. */
export type UnixNano = bigint | NanoTime
/** Whole milliseconds since the Unix epoch, and the nanoseconds after them. */
export interface NanoTime {
  readonly ms: number
  readonly nanos: number
}

export interface SpanInput {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly parentSpanId?: SpanId | undefined
  readonly traceState?: string | undefined
  readonly name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly startUnixNano: UnixNano
  readonly endUnixNano: UnixNano
  readonly attributes?: AttributesInput
  readonly droppedAttributesCount?: number
  readonly events?: readonly EventInput[]
  readonly droppedEventsCount?: number
  readonly links?: readonly LinkInput[] | undefined
  readonly droppedLinksCount?: number
  /** Code 0 unset, 1 ok, 2 error. */
  readonly status?: { readonly code: number; readonly message?: string | undefined }
  /** W3C trace flags, and bits 8 and 9: see {@link REMOTE_KNOWN}. */
  readonly flags?: number
}
export interface EventInput {
  readonly timeUnixNano: UnixNano
  readonly name: string
  readonly attributes?: AttributesInput
}
export interface LinkInput {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly traceState?: string | undefined
  readonly attributes?: AttributesInput
  readonly flags?: number
}
export interface LogRecordInput {
  readonly timeUnixNano: UnixNano
  readonly observedUnixNano?: UnixNano
  readonly severityNumber: number
  readonly severityText?: string
  readonly body?: AttributeValue | undefined
  readonly attributes?: AttributesInput
  readonly droppedAttributesCount?: number
  readonly flags?: number | undefined
  readonly traceId?: TraceId | undefined
  readonly spanId?: SpanId | undefined
  readonly eventName?: string | undefined
}

/** Tags of an attribute of a span and of a log record, for fields that are written beforehand. */
export const SPAN_ATTRIBUTE = 0x4a
export const LOG_ATTRIBUTE = 0x32
/** Flag: it is known whether the parent (of a span) or target (of a link) is on another device or process. */
export const REMOTE_KNOWN = 0x100
/** Flag: it is. */
export const REMOTE = 0x200

export function encodeTracesData(input: TracesInput): Uint8Array {
  return encodeBatch(input, input.spans, writeSpan)
}

export function encodeLogsData(input: LogsInput): Uint8Array {
  return encodeBatch(input, input.logRecords, writeLogRecord)
}

export function encodeMetricsData(input: MetricsInput): Uint8Array {
  return encodeBatch(input, input.metrics, writeMetric)
}

function encodeBatch<T>(head: BatchHead, records: readonly T[], writeRecord: WriteRecord<T>): Uint8Array {
  const encoder = new BatchEncoder(head, writeRecord)
  for (const record of records) encoder.add(record)
  return encoder.take()
}

export function writeSpan(writer: ProtobufWriter, span: SpanInput): void {
  writer.hex(0x0a, span.traceId)
  writer.hex(0x12, span.spanId)
  if (span.traceState) writer.text(0x1a, span.traceState)
  if (span.parentSpanId) writer.hex(0x22, span.parentSpanId)
  writer.text(0x2a, span.name)
  if (span.kind) writer.integer(0x30, span.kind)
  writeTime(writer, 0x39, span.startUnixNano)
  writeTime(writer, 0x41, span.endUnixNano)
  writeAttributes(writer, SPAN_ATTRIBUTE, span.attributes)
  if (span.droppedAttributesCount) writer.integer(0x50, span.droppedAttributesCount)
  for (const event of span.events ?? []) writeEvent(writer, event)
  if (span.droppedEventsCount) writer.integer(0x60, span.droppedEventsCount)
  for (const link of span.links ?? []) writeLink(writer, link)
  if (span.droppedLinksCount) writer.integer(0x70, span.droppedLinksCount)
  if (span.status?.code || span.status?.message) writeStatus(writer, span.status)
  if (span.flags) writer.fixed32(0x85, span.flags)
}

function writeEvent(writer: ProtobufWriter, event: EventInput): void {
  const start = writer.open(0x5a)
  writeTime(writer, 0x09, event.timeUnixNano)
  writer.text(0x12, event.name)
  writeAttributes(writer, 0x1a, event.attributes)
  writer.close(start)
}

function writeLink(writer: ProtobufWriter, link: LinkInput): void {
  const start = writer.open(0x6a)
  writer.hex(0x0a, link.traceId)
  writer.hex(0x12, link.spanId)
  if (link.traceState) writer.text(0x1a, link.traceState)
  writeAttributes(writer, 0x22, link.attributes)
  if (link.flags) writer.fixed32(0x35, link.flags)
  writer.close(start)
}

function writeStatus(writer: ProtobufWriter, status: NonNullable<SpanInput['status']>): void {
  const start = writer.open(0x7a)
  if (status.message) writer.text(0x12, status.message)
  if (status.code) writer.integer(0x18, status.code)
  writer.close(start)
}

function writeTime(writer: ProtobufWriter, tag: number, time: UnixNano): void {
  if (typeof time === 'bigint') writer.fixed64(tag, time)
  else writer.nanoTime(tag, time.ms, time.nanos)
}

export function writeLogRecord(writer: ProtobufWriter, record: LogRecordInput): void {
  if (record.timeUnixNano) writeTime(writer, 0x09, record.timeUnixNano)
  if (record.severityNumber) writer.integer(0x10, record.severityNumber)
  if (record.severityText) writer.text(0x1a, record.severityText)
  if (record.body !== undefined && record.body !== null) writeValue(writer, 0x2a, record.body)
  writeAttributes(writer, LOG_ATTRIBUTE, record.attributes)
  if (record.droppedAttributesCount) writer.integer(0x38, record.droppedAttributesCount)
  if (record.flags) writer.fixed32(0x45, record.flags)
  if (record.traceId) writer.hex(0x4a, record.traceId)
  if (record.spanId) writer.hex(0x52, record.spanId)
  if (record.observedUnixNano) writeTime(writer, 0x59, record.observedUnixNano)
  if (record.eventName) writer.text(0x62, record.eventName)
}
