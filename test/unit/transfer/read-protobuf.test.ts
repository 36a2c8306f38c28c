import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../../src/base/bytes.ts'
import { ProtobufFileReader } from '../../../src/transfer/read-protobuf.ts'
import { encodeMetricsData, encodeTracesData } from '../../../src/wire/otlp/encode.ts'
import { u32Prefix } from '../../../src/wire/otlp/framing.ts'
import { batch, metric, plainSpan, span } from '../wire/otlp/arbitraries.ts'
import { dataOf, field } from '../wire/otlp/raw.ts'
import { messagesOf, problemsOf, readFile } from './read-files.ts'

const message = encodeTracesData({ ...batch, spans: [plainSpan()] })
const framed = (...messages: readonly Uint8Array[]): Uint8Array =>
  concat(...messages.flatMap((bytes) => [u32Prefix(bytes.length), bytes]))

describe('OTLP protobuf files', () => {
  test('[EX6] messages behind their lengths are read as they are, in pieces of any size', () => {
    const some = fc.oneof(
      fc
        .array(span, { minLength: 1, maxLength: 2 })
        .map((spans) => ['traces', encodeTracesData({ ...batch, spans })] as const),
      metric.map(
        (each) => ['metrics', encodeMetricsData({ ...batch, metrics: [{ ...each, name: `m${each.name}` }] })] as const,
      ),
    )
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 60 }), (messages, size) => {
        const found = readFile(new ProtobufFileReader(), framed(...messages.map(([, bytes]) => bytes)), size)
        expect(found.map((each) => each.kind === 'message' && [each.signal, each.bytes])).toEqual(messages)
      }),
    )
  })

  test('[IM10] one message alone is its resources, each at its place', () => {
    const found = messagesOf(readFile(new ProtobufFileReader(), concat(message, message), 7))
    expect(found.map(({ bytes }) => toHex(bytes))).toEqual([toHex(message), toHex(message)])
    expect(found.map(({ place }) => place.at)).toEqual([0, message.length])
  })

  test('[IM11] what is named is not questioned; what cannot be told is left out and said', () => {
    const untold = dataOf(field(5, 'name'))
    expect(problemsOf(readFile(new ProtobufFileReader(), framed(untold, message)))).toEqual(['byte 0: IMPORT_SIGNAL'])
    expect(messagesOf(readFile(new ProtobufFileReader('metrics'), framed(untold)))).toMatchObject([
      { signal: 'metrics' },
    ])
  })

  test.each([
    {
      name: 'a file that ends inside a message',
      bytes: framed(message, message).subarray(0, -3),
      at: message.length + 4,
      code: 'OTLP_MALFORMED',
    },
    {
      name: 'a length of no message',
      bytes: concat(framed(message), new Uint8Array(8).fill(0xff)),
      at: message.length + 4,
      code: 'OTLP_TOO_LARGE',
    },
    { name: 'text', bytes: utf8('2026-11-22 18:00 hello'), at: 0, code: 'OTLP_MALFORMED' },
    { name: 'a file of three bytes', bytes: Uint8Array.of(1, 2, 3), at: 0, code: 'OTLP_MALFORMED' },
  ])('[IM5] of $name all before is read, and where it breaks is named once', ({ bytes, at, code }) => {
    for (const size of [1, 1 << 16]) {
      const found = readFile(new ProtobufFileReader(), bytes, size)
      expect(messagesOf(found)).toHaveLength(at === 0 ? 0 : 1)
      expect(problemsOf(found)).toEqual([`byte ${at}: ${code}`])
    }
  })

  test('[IM8] an empty file holds nothing', () => {
    expect(readFile(new ProtobufFileReader(), new Uint8Array(0))).toEqual([])
  })

  test('[IM5] hostile bytes do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readFile(new ProtobufFileReader(), concat(framed(message), bytes)).length).toBeGreaterThan(0)
      }),
    )
  })
})
