import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import { SIGNALS } from '../../../../src/model/lane.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { otlpJsonToProtobuf } from '../../../../src/wire/otlp/from-json.ts'
import { tellSignal } from '../../../../src/wire/otlp/tell-signal.ts'
import { batch, logRecord, metric, span } from './arbitraries.ts'
import { officialExample, otelJs } from './fixtures.ts'
import { dataOf, field, fixed64, GOOD_SPAN, GOOD_SPAN_ID, GOOD_TRACE_ID, nested, varint } from './raw.ts'

const some = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: 1, maxLength: 4 })

describe('the signal of a protobuf message', () => {
  test('[IM11] is told of spans and log records, whatever they hold', () => {
    fc.assert(
      fc.property(some(span), some(logRecord), (spans, logRecords) => {
        expect(tellSignal(encodeTracesData({ ...batch, spans }))).toBe('traces')
        expect(tellSignal(encodeLogsData({ ...batch, logRecords }))).toBe('logs')
      }),
    )
  })

  test('[IM11] is told of metrics that have a name, and never as another', () => {
    fc.assert(
      fc.property(some(metric), (metrics) => {
        const told = tellSignal(encodeMetricsData({ ...batch, metrics }))
        expect(told).toBe(metrics.every(({ name }) => name !== '') ? 'metrics' : undefined)
      }),
    )
  })

  test.each(SIGNALS)('[IM11] is told of %s that OpenTelemetry JS encoded', (signal) => {
    expect(tellSignal(otelJs(signal))).toBe(signal)
  })

  test.each([
    { name: 'trace', signal: 'traces' },
    { name: 'logs', signal: 'logs' },
    { name: 'events', signal: 'logs' },
    { name: 'metrics', signal: 'metrics' },
  ] as const)('[IM11] is told of the official example $name', ({ name, signal }) => {
    expect(tellSignal(otlpJsonToProtobuf(signal, officialExample(name)).bytes)).toBe(signal)
  })

  /** What is a gauge whose fields a span has too: ids of the right length, and a point that is text. */
  const likeASpan = concat(
    field(
      1,
      GOOD_TRACE_ID.map(() => 0x61),
    ),
    field(
      2,
      GOOD_SPAN_ID.map(() => 0x62),
    ),
    field(5),
  )
  test.each([
    { name: 'no record', bytes: dataOf(), told: undefined },
    { name: 'an empty record, which a log record may be', bytes: dataOf(new Uint8Array(0)), told: 'logs' },
    { name: 'a span and a log record', bytes: dataOf(GOOD_SPAN, fixed64(1, 1n)), told: undefined },
    {
      name: 'a span with a field of a later version',
      bytes: dataOf(concat(GOOD_SPAN, varint(90, 1))),
      told: undefined,
    },
    { name: 'a record that fits two signals', bytes: dataOf(likeASpan), told: undefined },
    { name: 'a body nested deeper than any value', bytes: dataOf(field(5, nested(60))), told: undefined },
    { name: 'a log record that is a body alone', bytes: dataOf(field(5, field(1, 'hello'))), told: 'logs' },
    { name: 'a span without ids', bytes: dataOf(field(5, 'name')), told: undefined },
  ])('[IM11] of $name: $told', ({ bytes, told }) => {
    expect(tellSignal(bytes)).toBe(told)
  })
})
