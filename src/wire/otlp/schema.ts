/**
 * The OTLP messages as data: field numbers, JSON names and types of opentelemetry-proto v1.11.0 (trace, logs, metrics,
 * common and resource `.proto`). Checking and both JSON directions read this table; scan and decoders spell the same
 * numbers out for speed, and the round trips in the tests hold the two together.
 */
import type { Signal } from '../../model/lane.ts'
import { WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64, WIRE_VARINT } from './protobuf-reader.ts'

export type FieldType =
  | 'string'
  | 'bytes'
  /** Bytes that JSON writes as hex instead of base64. */
  | 'id'
  | 'bool'
  | 'enum'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'
  | 'message'

export interface Field {
  readonly number: number
  readonly name: string
  readonly type: FieldType
  /** Wire type of a value that is not packed: kept here, for the scan asks for it at every field. */
  readonly wire: number
  readonly repeated: boolean
  /** Present exactly when `type` is `message`. */
  readonly message: Schema | undefined
}

export interface Schema {
  readonly name: string
  /** By field number; holes are undefined. */
  readonly fields: readonly (Field | undefined)[]
  /** By lowerCamelCase JSON name. */
  readonly byName: ReadonlyMap<string, Field>
}

/** How each type travels on the wire, when it is not packed. */
const WIRE_OF: Readonly<Record<FieldType, number>> = {
  string: WIRE_BYTES,
  bytes: WIRE_BYTES,
  id: WIRE_BYTES,
  message: WIRE_BYTES,
  bool: WIRE_VARINT,
  enum: WIRE_VARINT,
  uint32: WIRE_VARINT,
  sint32: WIRE_VARINT,
  int64: WIRE_VARINT,
  uint64: WIRE_VARINT,
  fixed32: WIRE_FIXED32,
  fixed64: WIRE_FIXED64,
  sfixed64: WIRE_FIXED64,
  double: WIRE_FIXED64,
}

interface OpenSchema extends Schema {
  readonly fields: (Field | undefined)[]
  readonly byName: Map<string, Field>
}

function open(name: string): OpenSchema {
  return { name, fields: [], byName: new Map() }
}

function fill(schema: OpenSchema, fields: readonly Field[]): Schema {
  const last = Math.max(...fields.map((field) => field.number))
  for (let i = 0; i <= last; i++) schema.fields.push(undefined)
  for (const field of fields) {
    schema.fields[field.number] = field
    schema.byName.set(field.name, field)
  }
  return schema
}

function message(name: string, fields: readonly Field[]): Schema {
  return fill(open(name), fields)
}

function one(number: number, name: string, type: Exclude<FieldType, 'message'> | Schema): Field {
  return typeof type === 'string'
    ? { number, name, type, wire: WIRE_OF[type], repeated: false, message: undefined }
    : { number, name, type: 'message', wire: WIRE_BYTES, repeated: false, message: type }
}

function many(number: number, name: string, type: Exclude<FieldType, 'message'> | Schema): Field {
  return { ...one(number, name, type), repeated: true }
}

const anyValue = open('AnyValue')
export const ANY_VALUE: Schema = anyValue
export const KEY_VALUE = message('KeyValue', [one(1, 'key', 'string'), one(2, 'value', ANY_VALUE)])
fill(anyValue, [
  one(1, 'stringValue', 'string'),
  one(2, 'boolValue', 'bool'),
  one(3, 'intValue', 'int64'),
  one(4, 'doubleValue', 'double'),
  one(5, 'arrayValue', message('ArrayValue', [many(1, 'values', ANY_VALUE)])),
  one(6, 'kvlistValue', message('KeyValueList', [many(1, 'values', KEY_VALUE)])),
  one(7, 'bytesValue', 'bytes'),
])

const ENTITY_REF = message('EntityRef', [
  one(1, 'schemaUrl', 'string'),
  one(2, 'type', 'string'),
  many(3, 'idKeys', 'string'),
  many(4, 'descriptionKeys', 'string'),
])
export const RESOURCE = message('Resource', [
  many(1, 'attributes', KEY_VALUE),
  one(2, 'droppedAttributesCount', 'uint32'),
  many(3, 'entityRefs', ENTITY_REF),
])
export const SCOPE = message('InstrumentationScope', [
  one(1, 'name', 'string'),
  one(2, 'version', 'string'),
  many(3, 'attributes', KEY_VALUE),
  one(4, 'droppedAttributesCount', 'uint32'),
])

export const EVENT = message('Event', [
  one(1, 'timeUnixNano', 'fixed64'),
  one(2, 'name', 'string'),
  many(3, 'attributes', KEY_VALUE),
  one(4, 'droppedAttributesCount', 'uint32'),
])
export const LINK = message('Link', [
  one(1, 'traceId', 'id'),
  one(2, 'spanId', 'id'),
  one(3, 'traceState', 'string'),
  many(4, 'attributes', KEY_VALUE),
  one(5, 'droppedAttributesCount', 'uint32'),
  one(6, 'flags', 'fixed32'),
])
export const STATUS = message('Status', [one(2, 'message', 'string'), one(3, 'code', 'enum')])
export const SPAN = message('Span', [
  one(1, 'traceId', 'id'),
  one(2, 'spanId', 'id'),
  one(3, 'traceState', 'string'),
  one(4, 'parentSpanId', 'id'),
  one(5, 'name', 'string'),
  one(6, 'kind', 'enum'),
  one(7, 'startTimeUnixNano', 'fixed64'),
  one(8, 'endTimeUnixNano', 'fixed64'),
  many(9, 'attributes', KEY_VALUE),
  one(10, 'droppedAttributesCount', 'uint32'),
  many(11, 'events', EVENT),
  one(12, 'droppedEventsCount', 'uint32'),
  many(13, 'links', LINK),
  one(14, 'droppedLinksCount', 'uint32'),
  one(15, 'status', STATUS),
  one(16, 'flags', 'fixed32'),
])

export const LOG_RECORD = message('LogRecord', [
  one(1, 'timeUnixNano', 'fixed64'),
  one(2, 'severityNumber', 'enum'),
  one(3, 'severityText', 'string'),
  one(5, 'body', ANY_VALUE),
  many(6, 'attributes', KEY_VALUE),
  one(7, 'droppedAttributesCount', 'uint32'),
  one(8, 'flags', 'fixed32'),
  one(9, 'traceId', 'id'),
  one(10, 'spanId', 'id'),
  one(11, 'observedTimeUnixNano', 'fixed64'),
  one(12, 'eventName', 'string'),
])

const EXEMPLAR = message('Exemplar', [
  one(2, 'timeUnixNano', 'fixed64'),
  one(3, 'asDouble', 'double'),
  one(4, 'spanId', 'id'),
  one(5, 'traceId', 'id'),
  one(6, 'asInt', 'sfixed64'),
  many(7, 'filteredAttributes', KEY_VALUE),
])
const NUMBER_POINT = message('NumberDataPoint', [
  one(2, 'startTimeUnixNano', 'fixed64'),
  one(3, 'timeUnixNano', 'fixed64'),
  one(4, 'asDouble', 'double'),
  many(5, 'exemplars', EXEMPLAR),
  one(6, 'asInt', 'sfixed64'),
  many(7, 'attributes', KEY_VALUE),
  one(8, 'flags', 'uint32'),
])
const HISTOGRAM_POINT = message('HistogramDataPoint', [
  one(2, 'startTimeUnixNano', 'fixed64'),
  one(3, 'timeUnixNano', 'fixed64'),
  one(4, 'count', 'fixed64'),
  one(5, 'sum', 'double'),
  many(6, 'bucketCounts', 'fixed64'),
  many(7, 'explicitBounds', 'double'),
  many(8, 'exemplars', EXEMPLAR),
  many(9, 'attributes', KEY_VALUE),
  one(10, 'flags', 'uint32'),
  one(11, 'min', 'double'),
  one(12, 'max', 'double'),
])
const BUCKETS = message('Buckets', [one(1, 'offset', 'sint32'), many(2, 'bucketCounts', 'uint64')])
const EXPONENTIAL_POINT = message('ExponentialHistogramDataPoint', [
  many(1, 'attributes', KEY_VALUE),
  one(2, 'startTimeUnixNano', 'fixed64'),
  one(3, 'timeUnixNano', 'fixed64'),
  one(4, 'count', 'fixed64'),
  one(5, 'sum', 'double'),
  one(6, 'scale', 'sint32'),
  one(7, 'zeroCount', 'fixed64'),
  one(8, 'positive', BUCKETS),
  one(9, 'negative', BUCKETS),
  one(10, 'flags', 'uint32'),
  many(11, 'exemplars', EXEMPLAR),
  one(12, 'min', 'double'),
  one(13, 'max', 'double'),
  one(14, 'zeroThreshold', 'double'),
])
const QUANTILE = message('ValueAtQuantile', [one(1, 'quantile', 'double'), one(2, 'value', 'double')])
const SUMMARY_POINT = message('SummaryDataPoint', [
  one(2, 'startTimeUnixNano', 'fixed64'),
  one(3, 'timeUnixNano', 'fixed64'),
  one(4, 'count', 'fixed64'),
  one(5, 'sum', 'double'),
  many(6, 'quantileValues', QUANTILE),
  many(7, 'attributes', KEY_VALUE),
  one(8, 'flags', 'uint32'),
])
const TEMPORALITY = one(2, 'aggregationTemporality', 'enum')
const points = (schema: Schema): Field => many(1, 'dataPoints', schema)
export const METRIC = message('Metric', [
  one(1, 'name', 'string'),
  one(2, 'description', 'string'),
  one(3, 'unit', 'string'),
  one(5, 'gauge', message('Gauge', [points(NUMBER_POINT)])),
  one(7, 'sum', message('Sum', [points(NUMBER_POINT), TEMPORALITY, one(3, 'isMonotonic', 'bool')])),
  one(9, 'histogram', message('Histogram', [points(HISTOGRAM_POINT), TEMPORALITY])),
  one(10, 'exponentialHistogram', message('ExponentialHistogram', [points(EXPONENTIAL_POINT), TEMPORALITY])),
  one(11, 'summary', message('Summary', [points(SUMMARY_POINT)])),
  many(12, 'metadata', KEY_VALUE),
])

/** The three levels around a record. Numbers are the same in every signal: head 1, children 2, schema URL 3. */
function envelope(resources: string, scopes: string, records: string, record: Schema): Schema {
  const scope = message(`Scope (${records})`, [
    one(1, 'scope', SCOPE),
    many(2, records, record),
    one(3, 'schemaUrl', 'string'),
  ])
  const resource = message(`Resource (${records})`, [
    one(1, 'resource', RESOURCE),
    many(2, scopes, scope),
    one(3, 'schemaUrl', 'string'),
  ])
  return message(`Data (${records})`, [many(1, resources, resource)])
}

/** `TracesData`, `LogsData` and `MetricsData`; the export requests are the same bytes. */
export const DATA: Readonly<Record<Signal, Schema>> = {
  traces: envelope('resourceSpans', 'scopeSpans', 'spans', SPAN),
  logs: envelope('resourceLogs', 'scopeLogs', 'logRecords', LOG_RECORD),
  metrics: envelope('resourceMetrics', 'scopeMetrics', 'metrics', METRIC),
}
