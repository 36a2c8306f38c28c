import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { encodeMetricsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import {
  MAX_ATTRIBUTES,
  MAX_ELEMENTS,
  MAX_HEAD_BYTES,
  MAX_RECORD_BYTES,
  MAX_RECORDS,
  MAX_RESOURCES,
  MAX_SCOPES,
  MAX_UNIX_NANO,
  MAX_VALUE_DEPTH,
} from '../../../../src/wire/otlp/limits.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { rowViews } from '../../../support/row-view.ts'
import { batch, plainSpan, SPAN_ID, TRACE_ID } from './arbitraries.ts'
import { dataOf, field, fixed64, GOOD_SPAN, GOOD_SPAN_ID, GOOD_TRACE_ID, hex, nested, SERVICE, varint } from './raw.ts'

const IDS = concat(field(1, GOOD_TRACE_ID), field(2, GOOD_SPAN_ID))
const BAD_TEXT = hex('ff')
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(0x61)
const repeated = (count: number, part: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(count * part.length)
  for (let i = 0; i < count; i++) bytes.set(part, i * part.length)
  return bytes
}

/** A span message of exactly `length` bytes with tag and length around it. */
function spanOfFieldBytes(length: number): Uint8Array {
  for (let content = length; ; content--) {
    const span = concat(IDS, field(5, filled(content)))
    if (field(2, span).length === length) return span
  }
}

describe('scan of spans', () => {
  test('[OT2] a row says where the record is and what the index needs', () => {
    const span = plainSpan({ parentSpanId: SPAN_ID, kind: 3, status: { code: 2 } })
    const bytes = encodeTracesData({ ...batch, spans: [plainSpan(), span] })
    const scan = scanOtlp('traces', bytes)
    const { resources, accepted, rejected } = scan
    const row = rowViews(scan)[1]
    expect({ accepted, rejected, serviceName: resources[0]?.serviceName }).toEqual({
      accepted: 2,
      rejected: undefined,
      serviceName: 'svc',
    })
    expect(row).toEqual({
      start: expect.any(Number),
      end: bytes.length,
      weight: 1,
      from: 1n,
      to: 2n,
      level: 2,
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      parentSpanId: SPAN_ID,
      name: 'work',
    })
    expect(bytes.slice(row?.start, row?.end)).toEqual(field(2, decodeSpans(bytes)[1]?.recordBytes ?? ''))
  })

  test('[OT2] an empty message is a success with nothing in it', () => {
    expect(scanOtlp('traces', new Uint8Array())).toMatchObject({ resources: [], accepted: 0, rejected: undefined })
  })

  test.each([
    { name: 'no trace id', span: field(2, GOOD_SPAN_ID), code: 'OTLP_BAD_ID' },
    { name: 'no span id', span: field(1, GOOD_TRACE_ID), code: 'OTLP_BAD_ID' },
    { name: 'a trace id of zeros', span: concat(IDS, field(1, new Uint8Array(16))), code: 'OTLP_BAD_ID' },
    { name: 'a span id of zeros', span: concat(IDS, field(2, new Uint8Array(8))), code: 'OTLP_BAD_ID' },
    { name: 'a trace id of 15 bytes', span: concat(IDS, field(1, filled(15))), code: 'OTLP_BAD_ID' },
    {
      name: 'a trace id of 24 bytes, base64 taken for hex',
      span: concat(IDS, field(1, filled(24))),
      code: 'OTLP_BAD_ID',
    },
    { name: 'a span id of 9 bytes', span: concat(IDS, field(2, filled(9))), code: 'OTLP_BAD_ID' },
    { name: 'a parent id of 7 bytes', span: concat(IDS, field(4, filled(7))), code: 'OTLP_BAD_ID' },
    { name: 'a name that is not UTF-8', span: concat(IDS, field(5, BAD_TEXT)), code: 'OTLP_BAD_TEXT' },
    { name: 'a trace state that is not UTF-8', span: concat(IDS, field(3, BAD_TEXT)), code: 'OTLP_BAD_TEXT' },
    {
      name: 'an attribute key that is not UTF-8',
      span: concat(IDS, field(9, field(1, BAD_TEXT))),
      code: 'OTLP_BAD_TEXT',
    },
    {
      name: 'a value that is not UTF-8',
      span: concat(IDS, field(9, field(2, field(1, BAD_TEXT)))),
      code: 'OTLP_BAD_TEXT',
    },
    { name: 'a surrogate in UTF-8', span: concat(IDS, field(5, hex('ed a0 80'))), code: 'OTLP_BAD_TEXT' },
    { name: 'a name that is a number', span: concat(IDS, varint(5, 1)), code: 'OTLP_MALFORMED' },
    { name: 'a start time that is a varint', span: concat(IDS, varint(7, 1)), code: 'OTLP_MALFORMED' },
    { name: 'attributes that are a number', span: concat(IDS, varint(9, 1)), code: 'OTLP_MALFORMED' },
    { name: 'an event time that is text', span: concat(IDS, field(11, field(1, 'x'))), code: 'OTLP_MALFORMED' },
    { name: 'a status given twice', span: concat(IDS, field(15), field(15)), code: 'OTLP_MALFORMED' },
    { name: 'an attribute with two values', span: concat(IDS, field(9, field(2), field(2))), code: 'OTLP_MALFORMED' },
    { name: 'an attribute cut short', span: concat(IDS, field(9, hex('0a 05 61'))), code: 'OTLP_MALFORMED' },
    { name: 'a group inside', span: concat(IDS, hex('a3 06 a4 06')), code: 'OTLP_MALFORMED' },
    { name: 'an end past the year 2262', span: concat(IDS, fixed64(8, MAX_UNIX_NANO + 1n)), code: 'OTLP_BAD_TIME' },
  ])('[OT3] a span with $name is rejected alone', ({ span, code }) => {
    const bytes = dataOf(GOOD_SPAN, span, GOOD_SPAN)
    const { resources, accepted, rejected } = scanOtlp('traces', bytes)
    expect(accepted).toBe(2)
    expect(rejected).toMatchObject({ count: 1, code, message: expect.any(String) })
    expect(resources[0]).toMatchObject({ isWhole: false, serviceName: 'svc' })
    expect(resources[0]?.scopes[0]?.rows).toHaveLength(2)
  })

  test.each([
    { name: 'no parent', span: GOOD_SPAN },
    { name: 'an empty parent', span: concat(GOOD_SPAN, field(4)) },
    { name: 'a parent of zeros', span: concat(GOOD_SPAN, field(4, new Uint8Array(8))) },
    { name: 'an end before its start', span: concat(GOOD_SPAN, fixed64(7, 9n), fixed64(8, 1n)) },
    { name: 'the latest time', span: concat(GOOD_SPAN, fixed64(8, MAX_UNIX_NANO)) },
    { name: 'fields of a later version', span: concat(GOOD_SPAN, field(99, BAD_TEXT), varint(1000, 1)) },
    { name: 'a link without ids', span: concat(GOOD_SPAN, field(13)) },
    { name: 'a value of a later kind', span: concat(GOOD_SPAN, field(9, field(1, 'k'), field(2, varint(8, 1)))) },
  ])('[OT3] a span with $name is taken', ({ span }) => {
    const bytes = dataOf(span)
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 1, rejected: undefined })
    expect(decodeSpans(bytes)).toMatchObject([{ parentSpanId: undefined, links: [] }])
  })

  test('[OT3] every rejected record is counted, and the first says why', () => {
    const bytes = dataOf(field(2, GOOD_SPAN_ID), concat(IDS, field(5, BAD_TEXT)))
    expect(scanOtlp('traces', bytes).rejected).toMatchObject({ count: 2, code: 'OTLP_BAD_ID' })
  })

  test.each([
    { name: 'a resource attribute that is not UTF-8', resource: field(1, field(1, field(1, BAD_TEXT))) },
    { name: 'two resources in one', resource: concat(SERVICE, SERVICE) },
    { name: 'two schema URLs in one', resource: concat(field(3, 'a'), field(3, 'b')) },
    { name: 'a schema URL that is not UTF-8', resource: field(3, BAD_TEXT) },
    { name: 'a resource one byte too large', resource: field(99, filled(MAX_HEAD_BYTES - 4)) },
  ])('[OT3] $name takes its own records with it and no others', ({ resource }) => {
    const bad = field(1, resource, field(2, field(2, GOOD_SPAN), field(2, GOOD_SPAN)))
    const scan = scanOtlp('traces', concat(bad, dataOf(GOOD_SPAN)))
    expect(scan).toMatchObject({ accepted: 1, rejected: { count: 2 } })
    expect(scan.resources.map(({ isWhole }) => isWhole)).toEqual([false, true])
  })

  test('[OT3] a bad scope takes its own records with it and no others', () => {
    const bad = field(2, field(1, field(1, BAD_TEXT)), field(2, GOOD_SPAN))
    const scan = scanOtlp('traces', field(1, SERVICE, bad, field(2, field(2, GOOD_SPAN))))
    expect(scan).toMatchObject({ accepted: 1, rejected: { count: 1, code: 'OTLP_BAD_TEXT' } })
  })

  test('[OT3] a bad scope without records is not copied with the good ones', () => {
    const bad = field(2, field(1, field(1, BAD_TEXT)))
    const scan = scanOtlp('traces', field(1, SERVICE, bad, field(2, field(2, GOOD_SPAN))))
    expect(scan).toMatchObject({ accepted: 1, rejected: undefined, resources: [{ isWhole: false }] })
  })

  test.each([
    { name: 'a resource that is a number', bytes: varint(1, 1) },
    { name: 'a scope list that is a number', bytes: field(1, varint(2, 1)) },
    { name: 'a record that is a number', bytes: field(1, field(2, varint(2, 1))) },
    { name: 'a record that ends past its scope', bytes: field(1, field(2, hex('12 05 00'))) },
    { name: 'text', bytes: new TextEncoder().encode('{"resourceSpans":[]}') },
  ])('[OT2] $name makes the whole message unreadable', ({ bytes }) => {
    expect(() => scanOtlp('traces', bytes)).toThrow(expect.objectContaining({ code: 'OTLP_MALFORMED' }))
  })

  test('[OT2] the service name is the first one that is text and not empty', () => {
    const attribute = (key: string, ...value: Uint8Array[]): Uint8Array => field(1, field(1, key), field(2, ...value))
    const name = (...attributes: Uint8Array[]): string | undefined =>
      scanOtlp('traces', field(1, field(1, ...attributes))).resources[0]?.serviceName
    expect(name(attribute('other', field(1, 'x')))).toBeUndefined()
    expect(name(attribute('service.name', varint(3, 5)))).toBeUndefined()
    expect(name(attribute('service.name', field(1, 'x'), varint(3, 5)))).toBeUndefined()
    expect(name(attribute('service.name', field(1, '')), attribute('service.name', field(1, 'b')))).toBe('b')
    expect(name(attribute('service.name', field(1, 'a')), attribute('service.name', field(1, 'b')))).toBe('a')
  })
})

describe('limits of the scan', () => {
  const attribute = field(9, field(1, 'k'))
  const element = field(11)
  const inList = field(1)
  test.each([
    { name: 'bytes', good: spanOfFieldBytes(MAX_RECORD_BYTES), bad: spanOfFieldBytes(MAX_RECORD_BYTES + 1) },
    {
      name: 'attributes',
      good: concat(IDS, repeated(MAX_ATTRIBUTES, attribute)),
      bad: concat(IDS, repeated(MAX_ATTRIBUTES + 1, attribute)),
    },
    {
      name: 'elements',
      good: concat(IDS, repeated(MAX_ELEMENTS, element)),
      bad: concat(IDS, repeated(MAX_ELEMENTS + 1, element)),
    },
    {
      name: 'elements in an array',
      good: concat(IDS, field(9, field(2, field(5, repeated(MAX_ELEMENTS - 3, inList))))),
      bad: concat(IDS, field(9, field(2, field(5, repeated(MAX_ELEMENTS - 2, inList))))),
    },
  ])('[OT4] a span at its limit of $name is taken, one past it is rejected alone', ({ good, bad }) => {
    const scan = scanOtlp('traces', dataOf(good, bad, GOOD_SPAN))
    expect(scan).toMatchObject({ accepted: 2, rejected: { count: 1, code: 'OTLP_TOO_LARGE' } })
    expect(decodeSpans(dataOf(good))).toHaveLength(1)
  })

  test('[OT4] values nest to their limit and no deeper', () => {
    const withValue = (depth: number): Uint8Array => concat(IDS, field(9, field(2, nested(depth))))
    const good = dataOf(withValue(MAX_VALUE_DEPTH))
    expect(scanOtlp('traces', good)).toMatchObject({ accepted: 1 })
    expect(decodeSpans(good)).toHaveLength(1)
    const bad = dataOf(withValue(MAX_VALUE_DEPTH + 1))
    expect(scanOtlp('traces', bad)).toMatchObject({ accepted: 0, rejected: { count: 1, code: 'OTLP_TOO_DEEP' } })
    expect(() => decodeSpans(bad)).toThrow(expect.objectContaining({ code: 'OTLP_TOO_DEEP' }))
  })

  test('[OT4] the body of a log nests as deep', () => {
    const good = dataOf(field(5, nested(MAX_VALUE_DEPTH)))
    expect(scanOtlp('logs', good)).toMatchObject({ accepted: 1 })
    expect(decodeLogRecords(good)).toHaveLength(1)
    expect(scanOtlp('logs', dataOf(field(5, nested(MAX_VALUE_DEPTH + 1))))).toMatchObject({ accepted: 0 })
  })

  test.each([
    { name: 'resources', limit: MAX_RESOURCES, of: (count: number) => repeated(count, field(1)) },
    { name: 'scopes', limit: MAX_SCOPES, of: (count: number) => field(1, repeated(count, field(2))) },
    { name: 'records', limit: MAX_RECORDS, of: (count: number) => field(1, field(2, repeated(count, field(2)))) },
  ])('[OT4] a message with more than its limit of $name is refused as a whole', ({ limit, of }) => {
    expect(scanOtlp('logs', of(limit))).toMatchObject({ rejected: undefined })
    expect(() => scanOtlp('logs', of(limit + 1))).toThrow(expect.objectContaining({ code: 'OTLP_TOO_LARGE' }))
  })

  test('[OT4] records count over all scopes', () => {
    const half = field(1, field(2, repeated(MAX_RECORDS / 2, field(2))))
    expect(() => scanOtlp('logs', concat(half, half, field(1, field(2, field(2)))))).toThrow(
      expect.objectContaining({ code: 'OTLP_TOO_LARGE' }),
    )
  })

  test('[OT4] scopes count over all resources', () => {
    const half = field(1, repeated(MAX_SCOPES / 2, field(2)))
    expect(() => scanOtlp('logs', concat(half, half, field(1, field(2))))).toThrow(
      expect.objectContaining({ code: 'OTLP_TOO_LARGE' }),
    )
  })
})

describe('scan of logs', () => {
  test('[OT5] a log record has its time, or when it was observed', () => {
    const bytes = dataOf(concat(fixed64(1, 5n), fixed64(11, 7n)), fixed64(11, 7n), new Uint8Array())
    expect(rowViews(scanOtlp('logs', bytes))).toMatchObject([
      { from: 5n, to: 5n },
      { from: 7n, to: 7n },
      { from: 0n, to: 0n },
    ])
  })

  test.each([
    { name: 'valid ids', log: concat(field(9, GOOD_TRACE_ID), field(10, GOOD_SPAN_ID)), ids: [TRACE_ID, SPAN_ID] },
    { name: 'no ids', log: varint(2, 9), ids: [undefined, undefined] },
    { name: 'empty ids', log: concat(field(9), field(10)), ids: [undefined, undefined] },
    {
      name: 'ids of zeros',
      log: concat(field(9, new Uint8Array(16)), field(10, new Uint8Array(8))),
      ids: [undefined, undefined],
    },
    {
      name: 'ids of a wrong length',
      log: concat(field(9, filled(24)), field(10, filled(12))),
      ids: [undefined, undefined],
    },
  ])('[OT5] a log record with $name is taken, in a trace only when they are valid', ({ log, ids }) => {
    const bytes = dataOf(log)
    expect(rowViews(scanOtlp('logs', bytes))).toMatchObject([{ traceId: ids[0], spanId: ids[1] }])
    expect(decodeLogRecords(bytes)).toMatchObject([{ traceId: ids[0], spanId: ids[1] }])
  })
})

describe('scan of metrics', () => {
  const point = (time: bigint): Uint8Array => field(1, fixed64(3, time))
  const gauge = (...points: Uint8Array[]): Uint8Array => concat(field(1, 'g'), field(5, ...points))

  test('[OT6] a row counts the points and spans their times', () => {
    const points = [0n, 30n, 10n, 20n, 0n].map((timeUnixNano) => ({ timeUnixNano, value: 1 }))
    const bytes = encodeMetricsData({ ...batch, metrics: [{ name: 'm', data: { type: 'gauge', points } }] })
    const scan = scanOtlp('metrics', bytes)
    expect(scan.accepted).toBe(5)
    expect(rowViews(scan)).toMatchObject([{ weight: 5, from: 10n, to: 30n }])
  })

  test('[OT6] one bad point rejects its metric with all points, and no other metric', () => {
    const bad = gauge(point(1n), field(1, field(7, field(1, BAD_TEXT))), point(2n))
    expect(scanOtlp('metrics', dataOf(gauge(point(1n)), bad))).toMatchObject({
      accepted: 1,
      rejected: { count: 3, code: 'OTLP_BAD_TEXT' },
    })
  })

  test('[OT6] a metric broken before its points counts as one', () => {
    expect(scanOtlp('metrics', dataOf(hex('0a 05 61')))).toMatchObject({ rejected: { count: 1 } })
  })

  test('[OT6] a metric without points is neither taken nor rejected', () => {
    expect(scanOtlp('metrics', dataOf(gauge()))).toMatchObject({ accepted: 0, rejected: undefined })
  })

  test('[OT6] a metric of two kinds at once is rejected', () => {
    const both = concat(gauge(point(1n)), field(7, point(1n)))
    expect(scanOtlp('metrics', dataOf(both))).toMatchObject({ rejected: { count: 2, code: 'OTLP_MALFORMED' } })
  })

  test('[OT4] packed numbers count as elements', () => {
    const exponential = (buckets: number): Uint8Array =>
      field(10, field(1, field(8, field(2, new Uint8Array(buckets)))))
    expect(scanOtlp('metrics', dataOf(exponential(MAX_ELEMENTS - 3)))).toMatchObject({ accepted: 1 })
    expect(scanOtlp('metrics', dataOf(exponential(MAX_ELEMENTS - 2)))).toMatchObject({
      rejected: { count: 1, code: 'OTLP_TOO_LARGE' },
    })
  })

  test('[OT6] packed numbers that end in the middle are rejected', () => {
    const histogram = field(9, field(1, field(6, new Uint8Array(9))))
    expect(scanOtlp('metrics', dataOf(histogram))).toMatchObject({ rejected: { count: 1, code: 'OTLP_MALFORMED' } })
  })
})
