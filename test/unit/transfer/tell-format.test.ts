import { describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { tellFormat } from '../../../src/transfer/tell-format.ts'
import { encodeTracesData } from '../../../src/wire/otlp/encode.ts'
import { batch, plainSpan } from '../wire/otlp/arbitraries.ts'
import { officialExample } from '../wire/otlp/fixtures.ts'
import { dataOf } from '../wire/otlp/raw.ts'

const message = encodeTracesData({ ...batch, spans: [plainSpan()] })
/** A resource of exactly 123 bytes: a message that begins as text does, with a line break and a brace. */
const likeText = ((): Uint8Array => {
  for (let length = 1; ; length++) {
    const bytes = dataOf(new Uint8Array([0x2a, length, ...new Uint8Array(length).fill(0x61)]))
    if (bytes[1] === 0x7b) return bytes
  }
})()

describe('the format of a file', () => {
  test.each([
    { name: 'an official example', start: utf8(officialExample('metrics')), told: 'otlp-json' },
    {
      name: 'a line that begins a large document',
      start: utf8('{"resourceLogs":[{"resource":{"attr'),
      told: 'otlp-json',
    },
    { name: 'blank lines before', start: utf8('\n\n {"resourceSpans": ['), told: 'otlp-json' },
    { name: 'a byte order mark', start: utf8('\ufeff{"resourceSpans":[{}]}'), told: 'otlp-json' },
    { name: 'Jaeger', start: utf8('{"data":[{"traceID":"'), told: 'jaeger' },
    {
      name: 'Jaeger with its members in another order',
      start: utf8('{"total":0,"errors":null,"data":[{'),
      told: 'jaeger',
    },
    { name: 'a message', start: message, told: 'otlp-protobuf' },
    { name: 'a message that begins as text does', start: likeText, told: 'otlp-protobuf' },
    { name: 'a log of pino', start: utf8('{"level":30,"msg":"resourceSpans"}\n{"data":[{}]}'), told: undefined },
    { name: 'a log', start: utf8('2026-11-22T12:00:00Z started\n'), told: undefined },
    { name: 'JSON of somebody else', start: utf8('{"hello":[1]}'), told: undefined },
    { name: 'a list', start: utf8('[{"data":[{}]}]'), told: undefined },
    { name: 'nothing', start: utf8(''), told: undefined },
    {
      name: 'an image',
      start: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13),
      told: undefined,
    },
    { name: 'a database', start: utf8('SQLite format 3\0'), told: undefined },
  ])('[IM8] $name: $told', ({ start, told }) => {
    expect(tellFormat(start)).toBe(told)
  })
})
