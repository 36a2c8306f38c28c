import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idBytes } from '../../../../src/model/ids.ts'
import { cutMessage } from '../../../../src/wire/otlp/cut-message.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import type { Signal } from '../../../../src/model/lane.ts'
import { isOfTrace, readRecordTimes } from '../../../../src/wire/otlp/record-facts.ts'
import { batch, logRecord, metric, span, TRACE_ID } from './arbitraries.ts'
import { dataOf, field, fixed64 } from './raw.ts'
import { concat } from '../../../../src/base/bytes.ts'

function recordsOf(message: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = []
  const note = (record: Uint8Array): boolean => records.push(record) < 0
  for (const _ of cutMessage(message, { maxRecords: 1, maxBytes: 1 }, note)) break
  return records
}
const only = (message: Uint8Array): Uint8Array => recordsOf(message)[0] as Uint8Array
const at = (time: bigint) => ({ firstUnixNano: time, lastUnixNano: time })

describe('what an export reads off a record', () => {
  test('[EX4] a span is where it starts, and of its trace', () => {
    fc.assert(
      fc.property(span, (each) => {
        const record = only(encodeTracesData({ ...batch, spans: [each] }))
        expect(readRecordTimes('traces', record)).toEqual(at(each.startUnixNano))
        expect(isOfTrace('traces', record, idBytes(each.traceId))).toBe(true)
        expect(isOfTrace('traces', record, idBytes(TRACE_ID))).toBe(each.traceId === TRACE_ID)
      }),
    )
  })

  test('[EX4] a log record is where it was made, and of its trace if it has one', () => {
    fc.assert(
      fc.property(logRecord, (each) => {
        const record = only(encodeLogsData({ ...batch, logRecords: [each] }))
        expect(readRecordTimes('logs', record)).toEqual(at(each.timeUnixNano))
        expect(isOfTrace('logs', record, idBytes(each.traceId ?? TRACE_ID))).toBe(each.traceId !== undefined)
      }),
    )
  })

  test('[EX4] a metric reaches from its first point to its last, and is of no trace', () => {
    fc.assert(
      fc.property(metric, (each) => {
        const record = only(encodeMetricsData({ ...batch, metrics: [each] }))
        const times = each.data.points.map(({ timeUnixNano }) => timeUnixNano).toSorted((a, b) => (a < b ? -1 : 1))
        expect(readRecordTimes('metrics', record)).toEqual({ firstUnixNano: times[0], lastUnixNano: times.at(-1) })
        expect(isOfTrace('metrics', record, idBytes(TRACE_ID))).toBe(false)
      }),
    )
  })

  const point = (...fields: readonly Uint8Array[]): Uint8Array => field(5, field(1, ...fields))
  test.each([
    { name: 'a log record that was only observed', signal: 'logs', record: fixed64(11, 7n), times: at(7n) },
    { name: 'a log record of no known time', signal: 'logs', record: field(5), times: at(0n) },
    { name: 'a time given twice', signal: 'traces', record: concat(fixed64(7, 1n), fixed64(7, 2n)), times: at(2n) },
    { name: 'a metric whose point has no time', signal: 'metrics', record: point(fixed64(2, 5n)), times: at(0n) },
  ] as const satisfies readonly { name: string; signal: Signal; record: Uint8Array; times: object }[])(
    '[EX4] $name',
    ({ signal, record, times }) => {
      expect(readRecordTimes(signal, only(dataOf(record)))).toEqual(times)
    },
  )
})
