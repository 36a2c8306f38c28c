import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex } from '../../../../src/base/bytes.ts'
import { encodeLogsData, encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import {
  FRAMING_BYTES,
  FRAMINGS,
  MessageSplitter,
  tellFraming,
  u32Prefix,
  type Framing,
} from '../../../../src/wire/otlp/framing.ts'
import { MAX_OTLP_BYTES } from '../../../../src/wire/otlp/limits.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { ProtobufWriter } from '../../../../src/wire/otlp/protobuf-writer.ts'
import { batch, logRecord, span } from './arbitraries.ts'
import { field, hex, varint } from './raw.ts'

const message = fc.oneof(
  fc.array(span, { minLength: 1, maxLength: 3 }).map((spans) => encodeTracesData({ ...batch, spans })),
  fc.array(logRecord, { minLength: 1, maxLength: 3 }).map((logRecords) => encodeLogsData({ ...batch, logRecords })),
  // The least a message with a record can be, and its neighbours.
  fc.uint8Array({ minLength: 2, maxLength: 4 }).map((record) => field(1, field(2, field(2, record)))),
)

function framed(framing: Framing, messages: readonly Uint8Array[]): Uint8Array {
  if (framing === 'message') return concat(...messages)
  return concat(
    ...messages.flatMap((bytes) => [framing === 'u32' ? u32Prefix(bytes.length) : prefix(bytes.length), bytes]),
  )
}

function prefix(length: number): Uint8Array {
  const writer = new ProtobufWriter()
  writer.varint(length)
  return writer.finish()
}

function split(framing: Framing, pieces: readonly Uint8Array[]): string[] {
  const splitter = new MessageSplitter(framing)
  const messages = pieces.flatMap((bytes) => [...splitter.push(bytes)].map(toHex))
  splitter.finish()
  return messages
}

describe('framing of protobuf messages', () => {
  test.each(FRAMINGS)('[IM10] %s is told by its first bytes, whatever the messages', (framing) => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), (messages) => {
        expect(tellFraming(framed(framing, messages).subarray(0, FRAMING_BYTES))).toBe(framing)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    { name: 'nothing', bytes: '' },
    { name: 'a line break and a brace, as JSON may begin', bytes: '0a 7b 22 72 65 73 6f 75 72 63 65' },
    { name: 'text', bytes: '32 30 32 36 2d 31 31 2d 32 32 54 31' },
    { name: 'a length longer than any message', bytes: '05 00 00 00 0a 10 0a 0e 0a 0c 0a 0a 73 65 72 76' },
    { name: 'a message without a record', bytes: '0a 04 12 02 0a 00' },
    { name: 'a resource that ends behind its message', bytes: '08 0a 7f 12 05 12 03 0a 01 61' },
    { name: 'zeros', bytes: '00 00 00 00 00 00 00 00 00 00' },
  ])('[IM8] $name has no framing', ({ bytes }) => {
    expect(tellFraming(hex(bytes))).toBeUndefined()
  })

  test.each(FRAMINGS)('[IM10] %s gives its messages back, in pieces of any size', (framing) => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        (messages, size) => {
          const bytes = framed(framing, messages)
          const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.subarray(i * size, i * size + size),
          )
          expect(split(framing, pieces)).toEqual(messages.map(toHex))
        },
      ),
    )
  })

  test('[IM10] fields that are no resource are passed over between messages', () => {
    const one = field(1, field(2, field(2, 'x')))
    const others = concat(varint(9, 300), field(7, 'text'), hex('31 0102030405060708'), hex('35 01020304'))
    expect(split('message', [concat(one, others, one)])).toEqual([toHex(one), toHex(one)])
  })

  test.each(FRAMINGS)('[IM5] %s that ends inside a message says so, at every place', (framing) => {
    const bytes = framed(framing, [field(1, field(2, field(2, 'abc')))])
    for (let end = 1; end < bytes.length; end++) {
      expect(() => split(framing, [bytes.subarray(0, end)])).toThrow(OtlpError)
    }
  })

  test.each([
    { name: 'a message of the largest size', framing: 'u32', bytes: u32Prefix(MAX_OTLP_BYTES), refused: false },
    { name: 'one byte more', framing: 'u32', bytes: u32Prefix(MAX_OTLP_BYTES + 1), refused: true },
    { name: 'one byte more, as a varint', framing: 'varint', bytes: prefix(MAX_OTLP_BYTES + 1), refused: true },
    { name: 'a length of six bytes', framing: 'varint', bytes: hex('ff ff ff ff ff 01'), refused: true },
    { name: 'a resource of the wrong wire type', framing: 'message', bytes: hex('08 01'), refused: true },
    { name: 'a group', framing: 'message', bytes: hex('13 01'), refused: true },
    { name: 'field number 0', framing: 'message', bytes: hex('02 01'), refused: true },
  ] as const)('[IM4] $name is refused before its bytes are waited for: $refused', ({ framing, bytes, refused }) => {
    const push = (): unknown => [...new MessageSplitter(framing).push(bytes)]
    if (refused) expect(push).toThrow(OtlpError)
    else expect(push()).toEqual([])
  })

  test('[IM5] hostile bytes give messages or an OtlpError', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(...FRAMINGS), (bytes, framing) => {
        tellFraming(bytes)
        try {
          split(framing, [bytes])
        } catch (err) {
          expect(err).toBeInstanceOf(OtlpError)
        }
      }),
    )
  })
})
