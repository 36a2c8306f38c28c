import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import type { Signal } from '../../../src/model/lane.ts'
import { JsonFileReader, type JsonDialect } from '../../../src/transfer/read-json.ts'
import { encodeLogsData, encodeTracesData } from '../../../src/wire/otlp/encode.ts'
import { otlpJsonToProtobuf } from '../../../src/wire/otlp/from-json.ts'
import { scanOtlp } from '../../../src/wire/otlp/scan.ts'
import { payloadToJson } from '../../../src/wire/otlp/to-json.ts'
import { batch, logRecord, SPAN_ID, span, TRACE_ID } from '../wire/otlp/arbitraries.ts'
import { officialExample } from '../wire/otlp/fixtures.ts'
import { messagesOf, problemsOf, readFile } from './read-files.ts'

const JAEGER = readFileSync(join(import.meta.dirname, '../../fixtures/jaeger/checkout.json'), 'utf8')
const SPAN = `{"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}","name":"work"}`
const traces = (...spans: readonly string[]): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans.join(',')}]}]}]}`
const read = (text: string | Uint8Array, dialect: JsonDialect = 'otlp-json') =>
  readFile(new JsonFileReader(dialect), typeof text === 'string' ? utf8(text) : text)
const accepted = (signal: Signal, bytes: Uint8Array): number => scanOtlp(signal, bytes).accepted

describe('OTLP JSON files', () => {
  test.each([
    { name: 'trace', signal: 'traces' },
    { name: 'logs', signal: 'logs' },
    { name: 'events', signal: 'logs' },
    { name: 'metrics', signal: 'metrics' },
  ] as const)('[IM9] the official example $name, as it is published, is one message', ({ name, signal }) => {
    const text = officialExample(name)
    const found = read(text)
    expect(messagesOf(found)).toMatchObject([{ signal, bytes: otlpJsonToProtobuf(signal, text).bytes }])
    expect(problemsOf(found)).toEqual([])
  })

  test('[IM9] all of them behind each other are all of them', () => {
    const found = read((['trace', 'logs', 'events', 'metrics'] as const).map(officialExample).join('\n'))
    expect(messagesOf(found).map(({ signal }) => signal)).toEqual(['traces', 'logs', 'logs', 'metrics'])
  })

  test('[EX6] messages written as JSON lines are read with the same bytes', () => {
    const message = fc.oneof(
      fc
        .array(span, { minLength: 1, maxLength: 3 })
        .map((spans) => ['traces', encodeTracesData({ ...batch, spans })] as const),
      fc
        .array(logRecord, { minLength: 1, maxLength: 3 })
        .map((logRecords) => ['logs', encodeLogsData({ ...batch, logRecords })] as const),
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), (messages) => {
        const lines = messages.map(([signal, bytes]) => `${JSON.stringify(payloadToJson(signal, bytes))}\n`)
        expect(messagesOf(read(lines.join(''))).map(({ signal, bytes }) => [signal, bytes])).toEqual(messages)
      }),
    )
  })

  test('[IM5] a bad line is left out alone, and named', () => {
    const found = read(
      [traces(SPAN), '{"resourceSpans":[{"scopeSpans":[{"spans":[{]}]}]}', 'x', traces(SPAN)].join('\n'),
    )
    expect(messagesOf(found).map(({ place }) => place.at)).toEqual([1, 4])
    expect(problemsOf(found)).toEqual(['line 2: OTLP_JSON', 'line 3: OTLP_JSON'])
  })

  test('[IM5] a bad record is left out alone, and the others of its line are in', () => {
    const found = read(`\n${traces(SPAN, '{"name":5}', '{"name":6}', SPAN)}`)
    expect(messagesOf(found).map(({ signal, bytes }) => accepted(signal, bytes))).toEqual([2])
    expect(problemsOf(found)).toEqual(['line 2: OTLP_JSON x2'])
  })

  test('[IM5] text that is not UTF-8 is left out', () => {
    const line = utf8(traces(SPAN.replace('work', '?')))
    const bad = line.map((byte) => (byte === 0x3f ? 0xff : byte))
    const found = read(concat(bad, utf8('\n'), line))
    expect(problemsOf(found)).toEqual(['line 1: OTLP_BAD_TEXT'])
    expect(messagesOf(found)).toHaveLength(1)
  })

  test('[IM8] Jaeger is not taken for OTLP, nor the other way round', () => {
    expect(problemsOf(read(JAEGER))).toEqual(['line 3: IMPORT_OTHER_FORMAT'])
    expect(problemsOf(read(traces(SPAN), 'jaeger'))).toEqual(['line 1: IMPORT_OTHER_FORMAT'])
  })

  test('[IM5] any JSON as an element does no harm', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('resourceSpans', 'resourceLogs', 'resourceMetrics', 'data'),
        fc.jsonValue(),
        (list, value) => {
          const text = JSON.stringify({ [list]: [value] })
          for (const dialect of ['otlp-json', 'jaeger'] as const) expect(Array.isArray(read(text, dialect))).toBe(true)
        },
      ),
    )
  })
})

describe('Jaeger JSON files', () => {
  test.each([
    { name: 'as its web app saves it', text: JAEGER },
    { name: 'as its API answers, on one line', text: JSON.stringify(JSON.parse(JAEGER)) },
  ])('[IM9] $name', ({ text }) => {
    const found = read(text, 'jaeger')
    expect(problemsOf(found)).toEqual([])
    expect(messagesOf(found).map(({ signal, bytes }) => accepted(signal, bytes))).toEqual([3])
  })

  test('[IM5] a trace that is none is left out, and so is a span, alone', () => {
    const good = '{"traceID":"a","spanID":"b","startTime":1,"duration":1}'
    const found = read(`{"data":[{"spans":1},\n{"spans":[${good},{},7]},\n{"spans":[${good}]}]}`, 'jaeger')
    expect(problemsOf(found)).toEqual(['line 1: JAEGER_NOT_A_TRACE', 'line 2: JAEGER_BAD_ID x2'])
    expect(messagesOf(found).map(({ signal, bytes }) => accepted(signal, bytes))).toEqual([1, 1])
  })

  test('[IM9] an answer that holds an error holds no traces', () => {
    expect(read('{"data":null,"errors":[{"code":404}]}', 'jaeger')).toEqual([])
  })
})
