import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAttribute } from '../../../../src/wire/otlp/attributes.ts'
import { encodeAttributes } from '../../../../src/wire/otlp/encode-attributes.ts'
import { ProtobufReader } from '../../../../src/wire/otlp/protobuf-reader.ts'
import { ProtobufWriter } from '../../../../src/wire/otlp/protobuf-writer.ts'
import { hex } from './raw.ts'

function written(write: (writer: ProtobufWriter) => void): ProtobufReader {
  const writer = new ProtobufWriter()
  write(writer)
  return new ProtobufReader(writer.finish())
}

describe('protobuf', () => {
  test('[OT1] every kind of value comes back as it was written', () => {
    const kinds = fc.record({
      count: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      enumeration: fc.integer(),
      fixed32: fc.nat({ max: 0xffff_ffff }),
      double: fc.double(),
      text: fc.string({ unit: 'binary', maxLength: 300 }),
    })
    fc.assert(
      fc.property(kinds, (each) => {
        const reader = written((writer) => {
          writer.integer(0x08, each.count)
          writer.bigint(0x10, each.int64)
          writer.integer(0x18, each.enumeration)
          writer.fixed32(0x25, each.fixed32)
          writer.double(0x29, each.double)
          writer.text(0x32, each.text)
          writer.fixed64(0x39, each.int64)
        })
        expect([reader.tag(), reader.uint64()]).toEqual([0x08, BigInt(each.count)])
        expect([reader.tag(), reader.int64()]).toEqual([0x10, each.int64])
        expect([reader.tag(), reader.int32()]).toEqual([0x18, each.enumeration])
        expect([reader.tag(), reader.fixed32()]).toEqual([0x25, each.fixed32])
        expect([reader.tag(), reader.double()]).toEqual([0x29, each.double])
        expect([reader.tag(), reader.text()]).toEqual([0x32, each.text])
        expect([reader.tag(), reader.sfixed64()]).toEqual([0x39, each.int64])
        expect(reader.hasMore).toBe(false)
      }),
    )
  })

  test('[OT1] a time in two numbers is the same bytes as in one', () => {
    const ms = fc.oneof(
      fc.nat({ max: 2 ** 43 }),
      fc.constantFrom(0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 32, 9_223_372_036_853),
    )
    const nanos = fc.oneof(fc.nat({ max: 1_000_000 }), fc.constantFrom(0, 999_999, 2 ** 39))
    fc.assert(
      fc.property(ms, nanos, (whole, rest) => {
        const reader = written((writer) => writer.nanoTime(0x09, whole, rest))
        expect([reader.tag(), reader.fixed64()]).toEqual([0x09, BigInt(whole) * 1_000_000n + BigInt(rest)])
      }),
    )
  })

  test.each([0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    '[OT1] a message of %i bytes has its length before it',
    (length) => {
      const reader = written((writer) => {
        const start = writer.open(0x0a)
        for (let i = 0; i < length; i++) writer.varint(7)
        writer.close(start)
      })
      reader.tag()
      const view = reader.view()
      expect(view.length).toBe(length)
      expect(view.every((byte) => byte === 7)).toBe(true)
      expect(reader.hasMore).toBe(false)
    },
  )

  test('[OT1] a nested message is kept wherever in the buffer it ends, where the buffer grows as well', () => {
    for (let before = 0; before < 2100; before++) {
      const { bytes } = written((writer) => {
        writer.raw(new Uint8Array(before))
        writer.packedDoubles(0x3a, [1.5])
      })
      expect({ before, bytes: bytes.subarray(before) }).toEqual({ before, bytes: hex('3a08 000000000000f83f') })
    }
  })

  test('[OT1] a guess of a length that is wrong, either way, changes nothing', () => {
    const message = (length: number, guess?: number): Uint8Array =>
      written((writer) => {
        const start = writer.open(0x0a, guess)
        writer.raw(new Uint8Array(length).fill(7))
        writer.close(start, guess)
        writer.integer(0x10, 1)
      }).bytes
    for (const length of [0, 5, 127, 128, 300, 16_383, 16_384, 20_000]) {
      for (const guess of [1, 2, 3])
        expect({ length, bytes: message(length, guess) }).toEqual({ length, bytes: message(length) })
    }
  })

  test.each([
    { name: 'short', key: 'k', value: 'value' },
    { name: 'empty', key: 'k', value: '' },
    { name: 'as long as one length byte says', key: 'k'.repeat(60), value: 'v'.repeat(61) },
    { name: 'one longer', key: 'k'.repeat(60), value: 'v'.repeat(62) },
    { name: 'of a long key', key: 'k'.repeat(121), value: 127n },
    { name: 'of a longer key', key: 'k'.repeat(122), value: 127n },
    { name: 'not ASCII in its key', key: 'schlüssel', value: 'value' },
    { name: 'not ASCII in its text', key: 'k', value: 'Grüße \u{1f44b}' },
    { name: 'a number of one byte', key: 'k', value: 127n },
    { name: 'a number of two bytes', key: 'k', value: 128n },
    { name: 'a number below zero', key: 'k', value: -1n },
    { name: 'a flag', key: 'k', value: true },
  ])('[OT8] an attribute that is $name comes back as it was written', ({ key, value }) => {
    const asWritten = typeof value === 'bigint' ? Number(value) : value
    const reader = new ProtobufReader(encodeAttributes(0x0a, { [key]: asWritten, after: 'it' }))
    const read = (): unknown => (reader.tag() === 0x0a ? readAttribute(reader) : undefined)
    expect([read(), read(), reader.hasMore]).toEqual([{ key, value }, { key: 'after', value: 'it' }, false])
  })

  test('[OT1] a text that begins with a byte order mark keeps it', () => {
    const reader = written((writer) => writer.text(0x0a, '\ufeffx'))
    reader.tag()
    expect(reader.text()).toBe('\ufeffx')
  })

  test.each([
    { name: 'a varint of eleven bytes', bytes: '08 ff ff ff ff ff ff ff ff ff ff 01' },
    { name: 'a varint that does not end', bytes: '08 80' },
    { name: 'a length one past the end', bytes: '0a 02 00' },
    { name: 'a length of 2^31', bytes: '0a 80 80 80 80 08' },
    { name: 'a length of 2^64 - 1', bytes: '0a ff ff ff ff ff ff ff ff ff 01' },
    { name: 'a fixed64 of seven bytes', bytes: '09 00 00 00 00 00 00 00' },
    { name: 'a fixed32 of three bytes', bytes: '0d 00 00 00' },
    { name: 'field number 0', bytes: '00 00' },
    { name: 'a field number past 2^29 - 1', bytes: '80 80 80 80 10 00' },
    { name: 'the start of a group', bytes: '0b 0c' },
    { name: 'the end of a group', bytes: '0c' },
    { name: 'wire type 6', bytes: '0e' },
    { name: 'wire type 7', bytes: '0f' },
  ])('[OT1] $name is refused', ({ bytes }) => {
    const reader = new ProtobufReader(hex(bytes))
    expect(() => reader.skip(reader.tag() & 7)).toThrow(expect.objectContaining({ code: 'OTLP_MALFORMED' }))
  })

  test('[OT1] a length cannot reach out of the message it stands in', () => {
    const reader = new ProtobufReader(hex('0a 02 0a 01 00 00'))
    reader.tag()
    reader.enter()
    reader.tag()
    expect(() => reader.enter()).toThrow(expect.objectContaining({ code: 'OTLP_MALFORMED' }))
  })
})
