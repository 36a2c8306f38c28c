/**
 * One record of each signal -> its row, checking all of it in the same pass.
 * Throws OtlpError for a record that must not be kept; tags are `field << 3 | wire type` of the `.proto` files.
 */
import type { Signal } from '../../model/lane.ts'
import { toSpanId, toTraceId } from '../../model/ids.ts'
import type { Budget } from './check-message.ts'
import { checkMessage, checkPart, newBudget } from './check-message.ts'
import type { FieldRange } from './container.ts'
import { MAX_RECORD_BYTES, MAX_UNIX_NANO } from './limits.ts'
import { malformed, OtlpError, tooLarge } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readParentSpanId, requireSpanId, requireTraceId } from './record-id.ts'
import type { LogRow, MetricRow, Row, SpanRow } from './rows.ts'
import { LOG_RECORD, METRIC, SPAN, STATUS } from './schema.ts'

/** The record's row; a metric without points has none, since it says nothing. */
export function scanRecord(signal: Signal, reader: ProtobufReader, field: FieldRange): Row | undefined {
  if (field.end - field.start > MAX_RECORD_BYTES) throw tooLarge('bytes in a record', MAX_RECORD_BYTES)
  reader.seek(field.content, field.end)
  switch (signal) {
    case 'traces':
      return scanSpan(reader, field)
    case 'logs':
      return scanLog(reader, field)
    case 'metrics':
      return scanMetric(reader, field)
  }
}

function scanSpan(reader: ProtobufReader, { start, end }: FieldRange): SpanRow {
  const budget = newBudget()
  let traceId: Uint8Array | undefined
  let spanId: Uint8Array | undefined
  let parentSpanId: Uint8Array | undefined
  let name = ''
  let spanKind = 0
  let startUnixNano = 0n
  let endUnixNano = 0n
  let statusCode = 0
  checkMessage(reader, SPAN, budget, (tag) => {
    if (tag === 0x0a) traceId = reader.view()
    else if (tag === 0x12) spanId = reader.view()
    else if (tag === 0x22) parentSpanId = reader.view()
    else if (tag === 0x2a) name = reader.text()
    else if (tag === 0x30) spanKind = reader.int32()
    else if (tag === 0x39) startUnixNano = readTime(reader)
    else if (tag === 0x41) endUnixNano = readTime(reader)
    else if (tag === 0x7a) statusCode = scanStatus(reader, budget)
    else return false
    return true
  })
  return {
    kind: 'span',
    start,
    end,
    traceId: requireTraceId(traceId),
    spanId: requireSpanId(spanId),
    parentSpanId: readParentSpanId(parentSpanId),
    name,
    spanKind,
    startUnixNano,
    endUnixNano,
    statusCode,
  }
}

function scanStatus(reader: ProtobufReader, budget: Budget): number {
  let code = 0
  checkPart(reader, budget, () =>
    checkMessage(reader, STATUS, budget, (tag) => {
      if (tag !== 0x18) return false
      code = reader.int32()
      return true
    }),
  )
  return code
}

function scanLog(reader: ProtobufReader, { start, end }: FieldRange): LogRow {
  let timeUnixNano = 0n
  let observedUnixNano = 0n
  let severityNumber = 0
  let traceId: Uint8Array | undefined
  let spanId: Uint8Array | undefined
  checkMessage(reader, LOG_RECORD, newBudget(), (tag) => {
    if (tag === 0x09) timeUnixNano = readTime(reader)
    else if (tag === 0x59) observedUnixNano = readTime(reader)
    else if (tag === 0x10) severityNumber = reader.int32()
    else if (tag === 0x4a) traceId = reader.view()
    else if (tag === 0x52) spanId = reader.view()
    else return false
    return true
  })
  return {
    kind: 'log',
    start,
    end,
    timeUnixNano: timeUnixNano === 0n ? observedUnixNano : timeUnixNano,
    severityNumber,
    traceId: traceId && toTraceId(traceId),
    spanId: spanId && toSpanId(spanId),
  }
}

function scanMetric(reader: ProtobufReader, { start, end }: FieldRange): MetricRow | undefined {
  const budget = newBudget()
  const found = { points: 0, minTimeUnixNano: 0n, maxTimeUnixNano: 0n }
  let name = ''
  let data = 0
  checkMessage(reader, METRIC, budget, (tag) => {
    if (tag === 0x0a) {
      name = reader.text()
      return true
    }
    if (!DATA_TAGS.has(tag)) return false
    if (data !== 0) throw malformed('a metric has more than one kind of data')
    data = tag
    checkPart(reader, budget, () => scanData(reader, tag, budget, found))
    return true
  })
  return found.points === 0 ? undefined : { kind: 'metric', start, end, name, ...found }
}

/** gauge, sum, histogram, exponential_histogram, summary: each holds its points in field 1. */
const DATA_TAGS: ReadonlySet<number> = new Set([0x2a, 0x3a, 0x4a, 0x52, 0x5a])

type Points = { -readonly [Key in 'points' | 'minTimeUnixNano' | 'maxTimeUnixNano']: MetricRow[Key] }

function scanData(reader: ProtobufReader, dataTag: number, budget: Budget, found: Points): void {
  const data = METRIC.fields[dataTag >>> 3]?.message
  const point = data?.fields[1]?.message
  if (data === undefined || point === undefined) throw malformed('not a kind of data')
  checkMessage(reader, data, budget, (tag) => {
    if (tag !== 0x0a) return false
    checkPart(reader, budget, () =>
      checkMessage(reader, point, budget, (pointTag) => {
        if (pointTag !== 0x19) return false // time_unix_nano, the same in every kind of point
        addTime(found, readTime(reader))
        return true
      }),
    )
    found.points++
    return true
  })
}

function addTime(found: Points, time: bigint): void {
  if (time === 0n) return
  if (found.minTimeUnixNano === 0n || time < found.minTimeUnixNano) found.minTimeUnixNano = time
  if (time > found.maxTimeUnixNano) found.maxTimeUnixNano = time
}

function readTime(reader: ProtobufReader): bigint {
  const time = reader.fixed64()
  if (time > MAX_UNIX_NANO) throw new OtlpError('OTLP_BAD_TIME', 'a time lies past the year 2262')
  return time
}

/**
 * How many records a rejected field stands for: 1, or for a metric its points as far as they can be counted, at least 1.
 * Never throws.
 */
export function countRecords(signal: Signal, reader: ProtobufReader, field: FieldRange): number {
  if (signal !== 'metrics') return 1
  let points = 0
  try {
    reader.seek(field.content, field.end)
    while (reader.hasMore) {
      const tag = reader.tag()
      if (!DATA_TAGS.has(tag)) {
        reader.skip(tag & 7)
        continue
      }
      const outer = reader.enter()
      while (reader.hasMore) {
        const inner = reader.tag()
        reader.skip(inner & 7)
        if (inner === 0x0a) points++
      }
      reader.leave(outer)
    }
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
  }
  return Math.max(1, points)
}
