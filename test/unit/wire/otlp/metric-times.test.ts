import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutMessage } from '../../../../src/wire/otlp/cut-message.ts'
import { encodeMetricsData } from '../../../../src/wire/otlp/encode.ts'
import { readMetricTimes } from '../../../../src/wire/otlp/metric-times.ts'
import { batch, metric } from './arbitraries.ts'
import { dataOf, field, fixed64 } from './raw.ts'

function recordOf(message: Uint8Array): Uint8Array {
  const records: Uint8Array[] = []
  const note = (record: Uint8Array): boolean => records.push(record) < 0
  for (const _ of cutMessage(message, { maxRecords: 1, maxBytes: 1 }, note)) break
  return records[0] as Uint8Array
}

describe('when a metric was', () => {
  test('[EX4] is from its first point to its last', () => {
    fc.assert(
      fc.property(metric, (each) => {
        const times = each.data.points.map(({ timeUnixNano }) => timeUnixNano).toSorted((a, b) => (a < b ? -1 : 1))
        expect(readMetricTimes(recordOf(encodeMetricsData({ ...batch, metrics: [each] })))).toEqual({
          firstUnixNano: times[0],
          lastUnixNano: times.at(-1),
        })
      }),
    )
  })

  test('[EX4] is not known of points without a time', () => {
    const record = recordOf(dataOf(field(5, field(1, fixed64(2, 5n)))))
    expect(readMetricTimes(record)).toEqual({ firstUnixNano: 0n, lastUnixNano: 0n })
  })
})
