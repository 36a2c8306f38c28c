import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { MAX_REPORT_BYTES } from '../../../src/wire/bus-frames.ts'
import {
  encodeAuditReport,
  encodeNotifyReport,
  MAX_DATA_CHARS,
  MAX_NOTIFY_CHARS,
  MAX_REPORT_DATA,
  readAuditReport,
  readNotifyReport,
} from '../../../src/wire/bus-report.ts'
import type { SpanId, TraceId } from '../../../src/model/ids.ts'

const TRACE = { traceId: '0af7651916cd43dd8448eb211c80319c' as TraceId, spanId: 'b7ad6b7169203331' as SpanId }
const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value))
const members = (count: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]))

describe('an audit report', () => {
  test('[BU71] is read as it was written', () => {
    const report = {
      type: 'memory.erased',
      outcome: 'denied',
      trace: TRACE,
      data: { n: 1, why: 'asked', all: true, by: null },
    } as const
    expect(readAuditReport(encodeAuditReport(report))).toEqual(report)
    expect(new TextDecoder().decode(encodeAuditReport(report))).toBe(
      '{"type":"memory.erased","outcome":"denied","trace":{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331"},"data":{"n":1,"why":"asked","all":true,"by":null}}',
    )
  })

  test('[BU71] says success and nothing more unless it says so', () => {
    expect(readAuditReport(json({ type: 'talk.began', more: 1 }))).toEqual({
      type: 'talk.began',
      outcome: 'success',
      trace: undefined,
      data: {},
    })
  })

  test('[BU71] takes as much data as fits, and it fits a frame', () => {
    const full = { type: 'a.b', data: members(MAX_REPORT_DATA, '€'.repeat(60)) }
    expect(readAuditReport(json(full))).toBeDefined()
    expect(json(full).length).toBeLessThan(MAX_REPORT_BYTES)
  })

  test.each<[string, unknown]>([
    ['no object', []],
    ['no type', {}],
    ['one word', { type: 'began' }],
    ['five words', { type: 'a.b.c.d.e' }],
    ['capitals', { type: 'Talk.began' }],
    ['a newline', { type: 'talk.began\n' }],
    ['a word of 33 letters', { type: `talk.${'a'.repeat(33)}` }],
    ...['agent', 'audit', 'consent', 'device', 'key', 'membership', 'module', 'pairing', 'stage'].map(
      (word): [string, unknown] => [`the agent’s own ${word}`, { type: `${word}.granted` }],
    ),
    ['an unknown outcome', { type: 'a.b', outcome: 'perhaps' }],
    ['a trace that is none', { type: 'a.b', trace: { trace_id: '00', span_id: '00' } }],
    ['half a trace', { type: 'a.b', trace: { trace_id: TRACE.traceId } }],
    ['data that is a list', { type: 'a.b', data: [1] }],
    ['nested data', { type: 'a.b', data: { a: {} } }],
    ['a name that is empty', { type: 'a.b', data: { '': 1 } }],
    ['a name of 65 characters', { type: 'a.b', data: { ['n'.repeat(65)]: 1 } }],
    ['a text that is too long', { type: 'a.b', data: { a: 'x'.repeat(MAX_DATA_CHARS + 1) } }],
    ['too many members', { type: 'a.b', data: members(MAX_REPORT_DATA + 1, 1) }],
    ['too much in all', { type: 'a.b', data: members(3, 'x'.repeat(MAX_DATA_CHARS)) }],
  ])('[BU71] with %s is refused', (_, value) => {
    expect(readAuditReport(json(value))).toBeUndefined()
  })

  test('[BU71] cut anywhere is refused', () => {
    const whole = encodeAuditReport({ type: 'a.b', outcome: 'success', data: { a: 'ü' } })
    for (let end = 0; end < whole.length; end++) expect(readAuditReport(whole.subarray(0, end))).toBeUndefined()
    expect(readAuditReport(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined()
  })
})

describe('a notification', () => {
  test('[BU72] is read as it was written', () => {
    const report = { text: 'The kettle is on' }
    expect(readNotifyReport(encodeNotifyReport(report))).toEqual(report)
    expect(readNotifyReport(json({ text: 'x'.repeat(MAX_NOTIFY_CHARS) }))).toBeDefined()
  })

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['blanks', { text: '  ' }],
    ['a number', { text: 5 }],
    ['too much', { text: 'x'.repeat(MAX_NOTIFY_CHARS + 1) }],
    ['a second line', { text: 'a\nb' }],
    ['a terminal’s control sequence', { text: '\u001b[31mred' }],
    ['text that runs backwards', { text: 'a\u202eb' }],
  ])('[BU72] of %s is refused', (_, value) => {
    expect(readNotifyReport(json(value))).toBeUndefined()
  })
})
