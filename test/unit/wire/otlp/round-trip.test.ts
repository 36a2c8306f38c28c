import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AttributeValue } from '../../../../src/wire/otlp/attributes.ts'
import { findAttribute } from '../../../../src/wire/otlp/attributes.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { otlpJsonToProtobuf } from '../../../../src/wire/otlp/from-json.ts'
import { MAX_VALUE_DEPTH } from '../../../../src/wire/otlp/limits.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { rowViews } from '../../../support/row-view.ts'
import { logsToJson, metricsToJson, tracesToJson } from '../../../../src/wire/otlp/to-json.ts'
import { batch, logRecord, metric, plainSpan, span } from './arbitraries.ts'

const context = {
  resource: { attributes: [{ key: 'service.name', value: 'svc' }] },
  scope: { name: 'lib', version: '1', attributes: [] },
  recordBytes: expect.any(Uint8Array),
}
const list = <T>(each: fc.Arbitrary<T>) => fc.array(each, { maxLength: 4 })

describe('round trips', () => {
  test('[OT8] spans are scanned and decoded as they were encoded, and come through JSON with the same bytes', () => {
    fc.assert(
      fc.property(list(span), (spans) => {
        const bytes = encodeTracesData({ ...batch, spans })
        const scan = scanOtlp('traces', bytes)
        const { accepted, rejected } = scan
        expect({ accepted, rejected }).toEqual({ accepted: spans.length, rejected: undefined })
        expect(rowViews(scan)).toMatchObject(
          spans.map(({ traceId, spanId, parentSpanId, name, startUnixNano: from, endUnixNano: to, status }) => {
            return { traceId, spanId, parentSpanId, name, from, to, level: status.code }
          }),
        )
        const decoded = decodeSpans(bytes)
        expect(decoded).toEqual(spans.map((each) => ({ ...context, ...each })))
        const back = otlpJsonToProtobuf('traces', JSON.stringify(tracesToJson(bytes)))
        expect(back.rejected).toBeUndefined()
        expect(decodeSpans(back.bytes)).toEqual(decoded)
      }),
    )
  })

  test('[OT8] log records are scanned and decoded as they were encoded, and come through JSON with the same bytes', () => {
    fc.assert(
      fc.property(list(logRecord), (logRecords) => {
        const bytes = encodeLogsData({ ...batch, logRecords })
        const scan = scanOtlp('logs', bytes)
        expect(scan.accepted).toBe(logRecords.length)
        expect(rowViews(scan)).toMatchObject(
          logRecords.map(({ timeUnixNano, severityNumber, traceId, spanId }) => {
            return { from: timeUnixNano, level: severityNumber, traceId, spanId }
          }),
        )
        const decoded = decodeLogRecords(bytes)
        expect(decoded).toEqual(logRecords.map((each) => ({ ...context, ...each })))
        const back = otlpJsonToProtobuf('logs', JSON.stringify(logsToJson(bytes)))
        expect(decodeLogRecords(back.bytes)).toEqual(decoded)
      }),
    )
  })

  test('[OT8] metrics are scanned and decoded as they were encoded, and come through JSON with the same bytes', () => {
    fc.assert(
      fc.property(list(metric), (metrics) => {
        const bytes = encodeMetricsData({ ...batch, metrics })
        const points = metrics.reduce((sum, { data }) => sum + data.points.length, 0)
        expect(scanOtlp('metrics', bytes)).toMatchObject({ accepted: points, rejected: undefined })
        const decoded = decodeMetrics(bytes)
        expect(decoded).toEqual(
          metrics.map((each) => ({
            ...context,
            ...each,
            data: { ...each.data, points: each.data.points.map((point) => ({ flags: 0, exemplars: [], ...point })) },
          })),
        )
        const back = otlpJsonToProtobuf('metrics', JSON.stringify(metricsToJson(bytes)))
        expect(decodeMetrics(back.bytes)).toEqual(decoded)
      }),
    )
  })
})

describe('encoding what a program hands over', () => {
  const sent = (value: AttributeValue | undefined): AttributeValue | undefined =>
    findAttribute(
      decodeSpans(encodeTracesData({ ...batch, spans: [plainSpan({ attributes: { k: value } })] }))[0]?.attributes ??
        [],
      'k',
    )

  test.each([
    { name: 'a whole number becomes an integer', value: 5, expected: 5n },
    { name: 'a negative whole number becomes an integer', value: -5, expected: -5n },
    { name: 'a fraction stays a double', value: 0.5, expected: 0.5 },
    { name: 'a number past 2^53 stays a double', value: 2 ** 60, expected: 2 ** 60 },
    { name: 'negative zero stays a double', value: -0, expected: -0 },
    { name: 'NaN stays what it is', value: Number.NaN, expected: Number.NaN },
    { name: 'undefined is left out', value: undefined, expected: undefined },
    { name: 'a lone surrogate becomes a replacement character', value: '\ud800', expected: '\ufffd' },
  ])('[OT8] $name', ({ value, expected }) => {
    expect(sent(value)).toEqual(expected)
  })

  test('[OT8] lists nested too deep end up empty, and the span is taken', () => {
    let value: AttributeValue = 'x'
    for (let i = 0; i < MAX_VALUE_DEPTH; i++) value = i % 2 === 0 ? [value] : { entries: [{ key: 'k', value }] }
    const bytes = encodeTracesData({ ...batch, spans: [plainSpan({ attributes: { k: value } })] })
    expect(scanOtlp('traces', bytes)).toMatchObject({ accepted: 1, rejected: undefined })
    expect(JSON.stringify(sent(value))).not.toContain('x')
  })
})
