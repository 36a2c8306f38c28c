import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import type { DeviceId } from '../../../../src/model/ids.ts'
import type { SearchLane } from '../../../../src/query/search/condition.ts'
import { readFilterText } from '../../../../src/query/search/read-filter-text.ts'
import { logFilter, spanFilter, type ChunkOrigin } from '../../../../src/query/search/record-filter.ts'
import type { RecordQuery } from '../../../../src/query/search/search-query.ts'
import { decodeLogRecords } from '../../../../src/wire/otlp/decode-logs.ts'
import { decodeSpans } from '../../../../src/wire/otlp/decode-traces.ts'
import {
  encodeLogsData,
  encodeTracesData,
  type LogRecordInput,
  type SpanInput,
} from '../../../../src/wire/otlp/encode.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { spanIdOf, T0_NANO, traceIdOf } from '../../../support/otlp-records.ts'
import { bytesField, data, textField } from '../make-chunk.ts'
import { logFacts, matches, spanFacts } from './naive-search.ts'
import { conditionsOf, logConditions, logsInputs, spanConditions, times, tracesInputs } from './record-arbitraries.ts'

const ORIGIN: ChunkOrigin = { deviceId: 'de'.repeat(32) as DeviceId, module: 'otlp/frontend' }
const isDevice = (deviceId: DeviceId, text: string): boolean => deviceId.startsWith(text)

function foundSpans(payload: Uint8Array, query: RecordQuery): readonly bigint[] {
  const found: bigint[] = []
  spanFilter(query, isDevice).walk(payload, ORIGIN, ({ start }) => found.push(start.toBigInt()))
  return found
}

function foundLogs(payload: Uint8Array, query: RecordQuery): readonly bigint[] {
  const found: bigint[] = []
  logFilter(query, isDevice).walk(payload, ORIGIN, ({ time }) => found.push(time.toBigInt()))
  return found
}

function queryOf(where: readonly object[], lane: SearchLane, from?: bigint, to?: bigint): RecordQuery {
  return { lane, conditions: conditionsOf(where, lane), fromUnixNano: from, toUnixNano: to }
}

describe('the filter on stored bytes', () => {
  test('[SQ6] finds the spans that the rules on decoded ones find, and no others', () => {
    fc.assert(
      fc.property(tracesInputs, spanConditions, times, times, (input, where, from, to) => {
        const payload = encodeTracesData(input)
        const query = queryOf(where, 'traces', from, to)
        const wanted = decodeSpans(payload).filter((each) => matches(spanFacts(each), ORIGIN, query))
        expect(foundSpans(payload, query)).toEqual(wanted.map(({ startUnixNano }) => startUnixNano))
      }),
      { numRuns: 2_000 },
    )
  })

  test('[SQ6] finds the log records that the rules on decoded ones find, and no others', () => {
    fc.assert(
      fc.property(logsInputs, logConditions, times, times, (input, where, from, to) => {
        const payload = encodeLogsData(input)
        const query = queryOf(where, 'logs', from, to)
        const wanted = decodeLogRecords(payload).filter((log) => matches(logFacts(log), ORIGIN, query))
        expect(foundLogs(payload, query)).toEqual(wanted.map((log) => logFacts(log).time))
      }),
      { numRuns: 2_000 },
    )
  })

  test('[SQ6] any bytes give an answer or an OtlpError', () => {
    const valid = encodeTracesData({
      resource: { attributes: { a: 1 } },
      scope: { name: 's' },
      spans: [span({ attributes: { a: ['x', 1] } })],
    })
    const query = queryOf(
      [
        { attribute: 'a', op: '=', value: 'x' },
        { field: 'text', op: '=', value: 'x' },
      ],
      'traces',
    )
    const logQuery = { ...query, lane: 'logs' as const }
    const look = (bytes: Uint8Array): void => {
      try {
        foundSpans(bytes, query)
        foundLogs(bytes, logQuery)
      } catch (err) {
        expect(err).toBeInstanceOf(OtlpError)
      }
    }
    for (let end = 0; end < valid.length; end++) look(valid.subarray(0, end))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), look))
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const changed = valid.slice()
        changed[at] = byte
        look(changed)
      }),
    )
  })
})

function span(more: Partial<SpanInput> = {}): SpanInput {
  return {
    traceId: traceIdOf(0xabc),
    spanId: spanIdOf(1),
    name: 'GET /items',
    kind: 2,
    startUnixNano: T0_NANO,
    endUnixNano: T0_NANO + 250_000_000n,
    ...more,
  }
}

function finds(
  filter: string,
  more: Partial<SpanInput> = {},
  resource: Readonly<Record<string, string>> = {},
): boolean {
  const payload = encodeTracesData({ resource: { attributes: resource }, scope: { name: 'test' }, spans: [span(more)] })
  return foundSpans(payload, { lane: 'traces', ...readFilterText(filter, 'traces', 0) }).length === 1
}

function findsLog(filter: string, more: Partial<LogRecordInput> = {}): boolean {
  const logRecords = [{ timeUnixNano: T0_NANO, severityNumber: 9, ...more }]
  const payload = encodeLogsData({ resource: { attributes: {} }, scope: { name: 'test' }, logRecords })
  return foundLogs(payload, { lane: 'logs', ...readFilterText(filter, 'logs', 0) }).length === 1
}

test('[SQ3] of a value given in two ways the last one counts', () => {
  const twice = bytesField(
    9,
    concat(textField(1, 'a'), bytesField(2, concat(textField(1, 'first'), bytesField(7, Uint8Array.of(1))))),
  )
  const ids = concat(bytesField(1, new Uint8Array(16).fill(1)), bytesField(2, new Uint8Array(8).fill(1)))
  const find = (filter: string): number =>
    foundSpans(data(concat(ids, twice)), { lane: 'traces', ...readFilterText(filter, 'traces', 0) }).length
  expect([find('a=*'), find('a=first')]).toEqual([1, 0])
})

describe('what a condition means', () => {
  const spans: readonly {
    name: string
    filter: string
    span?: Partial<SpanInput>
    resource?: Record<string, string>
    found: boolean
  }[] = [
    { name: 'no condition finds everything', filter: '', found: true },
    { name: 'a name is equal as a whole', filter: 'name="GET /items"', found: true },
    { name: 'a part of a name is not equal', filter: 'name=GET', found: false },
    { name: 'a part is found in any case', filter: 'name~get', found: true },
    {
      name: 'the service is the resource’s',
      filter: 'service=shop',
      resource: { 'service.name': 'shop' },
      found: true,
    },
    {
      name: 'a span’s own service.name is an attribute, not the service',
      filter: 'service=shop',
      span: { attributes: { 'service.name': 'shop' } },
      found: false,
    },
    {
      name: 'an attribute of the resource counts',
      filter: 'host.name=box',
      resource: { 'host.name': 'box' },
      found: true,
    },
    {
      name: 'an attribute of an event counts',
      filter: 'why=disk',
      span: { events: [{ timeUnixNano: 1n, name: 'e', attributes: { why: 'disk' } }] },
      found: true,
    },
    { name: 'a number finds an integer', filter: 'code=200', span: { attributes: { code: 200 } }, found: true },
    {
      name: 'a number finds a double',
      filter: 'code=0.5',
      span: { attributes: { code: 0.5 } },
      found: true,
    },
    {
      name: 'a number finds the string that reads so',
      filter: 'code=200',
      span: { attributes: { code: '200' } },
      found: true,
    },
    {
      name: 'a number written otherwise finds the same integer',
      filter: 'code=2e2',
      span: { attributes: { code: 200 } },
      found: true,
    },
    { name: 'a quoted number is a string', filter: 'code="200"', span: { attributes: { code: 200 } }, found: false },
    {
      name: 'an order compares decimal strings by what they are worth',
      filter: 'code>=500',
      span: { attributes: { code: '1000' } },
      found: true,
    },
    { name: 'an order holds for no text', filter: 'code>=500', span: { attributes: { code: 'many' } }, found: false },
    { name: 'true finds a boolean', filter: 'cached=true', span: { attributes: { cached: true } }, found: true },
    {
      name: 'an element of a list counts',
      filter: 'tags=red',
      span: { attributes: { tags: ['blue', 'red'] } },
      found: true,
    },
    { name: '!= holds where there is no such attribute', filter: 'code!=200', found: true },
    {
      name: '!= does not hold if one element is equal',
      filter: 'tags!=red',
      span: { attributes: { tags: ['blue', 'red'] } },
      found: false,
    },
    { name: '=* asks whether there is one', filter: 'code=*', span: { attributes: { code: '' } }, found: true },
    { name: '!=* asks whether there is none', filter: 'code!=*', span: { attributes: { code: '' } }, found: false },
    {
      name: 'a dot asks for an attribute that is called like a field',
      filter: '.name=x',
      span: { attributes: { name: 'x' } },
      found: true,
    },
    { name: 'a duration is compared to the nanosecond', filter: 'duration>=250ms', found: true },
    { name: 'a duration as long is not longer', filter: 'duration>250ms', found: false },
    { name: 'an end before the start lasts nothing', filter: 'duration=0s', span: { endUnixNano: 1n }, found: true },
    { name: 'an unknown kind reads as internal', filter: 'kind=internal', span: { kind: 77 }, found: true },
    { name: 'a status is one of three', filter: 'status=error', span: { status: { code: 2 } }, found: true },
    { name: 'a word is found in the name', filter: 'items', found: true },
    { name: 'a part of a word is not found', filter: 'item', found: false },
    {
      name: 'words in quotes stand behind each other',
      filter: '"connection refused"',
      span: { status: { code: 2, message: 'Connection: REFUSED by peer' } },
      found: true,
    },
    {
      name: 'words in quotes in another order are not found',
      filter: '"refused connection"',
      span: { status: { code: 2, message: 'connection refused' } },
      found: false,
    },
    {
      name: 'words without quotes may stand anywhere',
      filter: 'refused items',
      span: { status: { code: 2, message: 'refused' } },
      found: true,
    },
    {
      name: 'a word is found in an exception',
      filter: 'timeout',
      span: { events: [{ timeUnixNano: 1n, name: 'exception', attributes: { 'exception.message': 'a Timeout!' } }] },
      found: true,
    },
    {
      name: 'a word of an attribute is not a text',
      filter: 'disk',
      span: { attributes: { why: 'disk' } },
      found: false,
    },
    { name: 'text~ finds other characters too', filter: 'text~"et /it"', found: true },
    { name: 'a trace by its first digits', filter: 'trace=0000000000', found: true },
    { name: 'another trace', filter: 'trace=0001', found: false },
    { name: 'a trace by what comes behind zeros', filter: 'trace=0000000000000abc', found: true },
    { name: 'time is the start', filter: 'time>=2026-11-22T18:00:00Z time<2026-11-22T18:00:01Z', found: true },
    { name: 'the end of a range is not in it', filter: 'time<2026-11-22T18:00:00Z', found: false },
    { name: 'all conditions have to hold', filter: 'kind=server status=error', found: false },
  ]
  test.each(spans)('[SQ3] $name', ({ filter, span: more, resource, found }) => {
    expect(finds(filter, more, resource)).toBe(found)
  })

  const logs: readonly { name: string; filter: string; log?: Partial<LogRecordInput>; found: boolean }[] = [
    {
      name: 'a severity word stands for its four numbers',
      filter: 'severity=info',
      log: { severityNumber: 12 },
      found: true,
    },
    {
      name: 'above a word begins behind its numbers',
      filter: 'severity>info',
      log: { severityNumber: 12 },
      found: false,
    },
    { name: 'a number is itself', filter: 'severity=10', log: { severityNumber: 9 }, found: false },
    { name: 'no severity is below none', filter: 'severity<=fatal', log: { severityNumber: 0 }, found: false },
    { name: 'no severity is not the one asked for', filter: 'severity!=info', log: { severityNumber: 0 }, found: true },
    { name: 'words are looked for in the body', filter: 'refused', log: { body: 'connection refused' }, found: true },
    {
      name: 'a body that is no text has no words',
      filter: 'deep',
      log: { body: ['so', 'deep'] },
      found: false,
    },
    {
      name: 'words of any script are found',
      filter: '"DIE STRASSE" STRAẞE',
      log: { body: 'die strasse, die Straße' },
      found: true,
    },
    { name: 'no part of such a word is found', filter: 'stra', log: { body: 'die Straße' }, found: false },
    {
      name: 'of a long word its first 64 characters count',
      filter: `${'x'.repeat(64)}a`,
      log: { body: `so ${'X'.repeat(64)}b` },
      found: true,
    },
    { name: 'the name is the event’s', filter: 'name=started', log: { eventName: 'started' }, found: true },
    { name: 'trace=* finds what is in a trace', filter: 'trace=*', log: { traceId: traceIdOf(1) }, found: true },
    { name: 'trace!=* finds what is in none', filter: 'trace!=*', found: true },
  ]
  test.each(logs)('[SQ3] of log records: $name', ({ filter, log, found }) => {
    expect(findsLog(filter, log)).toBe(found)
  })
})
