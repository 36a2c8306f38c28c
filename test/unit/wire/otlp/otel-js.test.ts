/** The fixtures are requests encoded by OpenTelemetry JS: field numbers are checked against code we did not write. */
import { describe, expect, test } from 'vitest'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import { scanOtlp } from '../../../../src/wire/otlp/scan.ts'
import { otelJs } from './fixtures.ts'

const traceId = '5b8efff798038103d269b633813fc60c'
const context = {
  resource: {
    attributes: [
      { key: 'service.name', value: 'svc' },
      { key: 'n', value: 5n },
      { key: 'd', value: 1.5 },
    ],
  },
  scope: { name: 'lib', version: '1.2.3', attributes: [] },
  recordBytes: expect.any(Uint8Array),
}

describe('requests of OpenTelemetry JS', () => {
  test('[OT8] its spans are read field by field', () => {
    expect(scanOtlp('traces', otelJs('traces'))).toMatchObject({ accepted: 1, rejected: undefined })
    expect(decodeSpans(otelJs('traces'))).toEqual([
      {
        ...context,
        traceId,
        spanId: '00f067aa0ba902b7',
        parentSpanId: 'eee19b7ec3c1b173',
        traceState: '',
        name: 'spän',
        kind: 2,
        startUnixNano: 1544712660000000005n,
        endUnixNano: 1544712661000000000n,
        attributes: [
          { key: 'a', value: 1n },
          { key: 'b', value: 'x' },
          { key: 'c', value: [1n, 'q', true] },
          { key: 'neg', value: -7n },
          { key: 'big', value: 1099511627776n },
          { key: 'f', value: 0.5 },
        ],
        droppedAttributesCount: 3,
        events: [{ timeUnixNano: 1544712660000000006n, name: 'e', attributes: [{ key: 'k', value: 'v' }] }],
        droppedEventsCount: 2,
        links: [
          {
            traceId,
            spanId: '00000000000000aa',
            traceState: '',
            attributes: [{ key: 'l', value: 1n }],
            flags: 0x101,
          },
        ],
        droppedLinksCount: 1,
        status: { code: 2, message: 'bad' },
        flags: 0x301,
      },
    ])
  })

  test('[OT8] its log records are read field by field', () => {
    expect(scanOtlp('logs', otelJs('logs'))).toMatchObject({ accepted: 1, rejected: undefined })
    expect(decodeLogRecords(otelJs('logs'))).toEqual([
      {
        ...context,
        timeUnixNano: 1544712660300000000n,
        observedUnixNano: 1544712660300000001n,
        severityNumber: 17,
        severityText: 'ERROR',
        body: {
          entries: [
            { key: 'm', value: ['x', 1n, { entries: [{ key: 'deep', value: true }] }] },
            { key: 'bytes', value: new Uint8Array([1, 2, 255]) },
          ],
        },
        attributes: [{ key: 'user', value: 'u' }],
        droppedAttributesCount: 4,
        flags: 1,
        traceId,
        spanId: '00f067aa0ba902b7',
        eventName: 'my.event',
      },
    ])
  })

  test('[OT8] its metrics are read field by field', () => {
    expect(scanOtlp('metrics', otelJs('metrics'))).toMatchObject({ accepted: 4, rejected: undefined })
    const point = {
      attributes: [{ key: 'k', value: 'v' }],
      startUnixNano: 1544712660000000000n,
      timeUnixNano: 1544712665000000000n,
      flags: 0,
      exemplars: [],
    }
    const metric = { ...context, description: 'd', unit: 's' }
    const distribution = { ...point, sum: 5, min: 1, max: 4 }
    expect(decodeMetrics(otelJs('metrics'))).toEqual([
      {
        ...metric,
        name: 'sum',
        data: { type: 'sum', temporality: 2, isMonotonic: true, points: [{ ...point, value: 5.5 }] },
      },
      { ...metric, name: 'gauge', data: { type: 'gauge', points: [{ ...point, value: -3n }] } },
      {
        ...metric,
        name: 'histogram',
        data: {
          type: 'histogram',
          temporality: 1,
          points: [{ ...distribution, count: 2, bucketCounts: [1, 0, 1], explicitBounds: [2, 3] }],
        },
      },
      {
        ...metric,
        name: 'exponential',
        data: {
          type: 'exponentialHistogram',
          temporality: 1,
          points: [
            {
              ...distribution,
              count: 300,
              scale: -1,
              zeroCount: 0,
              zeroThreshold: 0,
              positive: { offset: -2, bucketCounts: [100, 200] },
              negative: { offset: 0, bucketCounts: [] },
            },
          ],
        },
      },
    ])
  })
})
