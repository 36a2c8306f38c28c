import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from '../../../src/wire/cbor.ts'
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS, type CborValue } from '../../../src/wire/cbor-value.ts'
import { bytes, acceptedPrefixes, surprises, hexBytes, refusal, toHex } from './fixtures.ts'

const map = (...entries: [number, CborValue][]): CborValue => new Map(entries)

// RFC 8949, appendix A, as far as it is in the subset; and the borders of every head length.
const examples: { name: string; value: CborValue; hex: string }[] = [
  { name: '0', value: 0, hex: '00' },
  { name: '1', value: 1, hex: '01' },
  { name: '10', value: 10, hex: '0a' },
  { name: '23', value: 23, hex: '17' },
  { name: '24', value: 24, hex: '1818' },
  { name: '100', value: 100, hex: '1864' },
  { name: '255', value: 255, hex: '18ff' },
  { name: '256', value: 256, hex: '190100' },
  { name: '1000', value: 1000, hex: '1903e8' },
  { name: '65535', value: 65_535, hex: '19ffff' },
  { name: '65536', value: 65_536, hex: '1a00010000' },
  { name: '1000000', value: 1_000_000, hex: '1a000f4240' },
  { name: '2^32-1', value: 2 ** 32 - 1, hex: '1affffffff' },
  { name: '2^32', value: 2 ** 32, hex: '1b0000000100000000' },
  { name: '1000000000000', value: 1_000_000_000_000, hex: '1b000000e8d4a51000' },
  { name: '2^53-1', value: Number.MAX_SAFE_INTEGER, hex: '1b001fffffffffffff' },
  { name: '-1', value: -1, hex: '20' },
  { name: '-10', value: -10, hex: '29' },
  { name: '-100', value: -100, hex: '3863' },
  { name: '-1000', value: -1000, hex: '3903e7' },
  { name: '-(2^53-1)', value: -Number.MAX_SAFE_INTEGER, hex: '3b001ffffffffffffe' },
  { name: 'false', value: false, hex: 'f4' },
  { name: 'true', value: true, hex: 'f5' },
  { name: 'null', value: null, hex: 'f6' },
  { name: 'no bytes', value: new Uint8Array(0), hex: '40' },
  { name: 'four bytes', value: bytes(1, 4), hex: '4401020304' },
  { name: 'the empty text', value: '', hex: '60' },
  { name: '"IETF"', value: 'IETF', hex: '6449455446' },
  { name: 'a quote and a backslash', value: '"\\', hex: '62225c' },
  { name: 'a letter of two bytes', value: '\u00fc', hex: '62c3bc' },
  { name: 'a letter of three bytes', value: '\u6c34', hex: '63e6b0b4' },
  { name: 'a letter of four bytes', value: '\ud800\udd51', hex: '64f0908591' },
  { name: 'the byte order mark, which stays', value: '\ufeff', hex: '63efbbbf' },
  { name: '[]', value: [], hex: '80' },
  { name: '[1, 2, 3]', value: [1, 2, 3], hex: '83010203' },
  { name: 'lists in a list', value: [1, [2, 3], [4, 5]], hex: '8301820203820405' },
  {
    name: 'a list of 25',
    value: Array.from({ length: 25 }, (_, i) => i + 1),
    hex: '98190102030405060708090a0b0c0d0e0f101112131415161718181819',
  },
  { name: '{}', value: map(), hex: 'a0' },
  { name: '{1: 2, 3: 4}', value: map([1, 2], [3, 4]), hex: 'a201020304' },
]

const refused: { name: string; hex: string; code: string }[] = [
  { name: 'nothing', hex: '', code: 'CBOR_TRUNCATED' },
  { name: 'a byte after the value', hex: '0000', code: 'CBOR_TRAILING_BYTES' },
  { name: '23 in two bytes', hex: '1817', code: 'CBOR_NOT_CANONICAL' },
  { name: '255 in three bytes', hex: '1900ff', code: 'CBOR_NOT_CANONICAL' },
  { name: '65535 in five bytes', hex: '1a0000ffff', code: 'CBOR_NOT_CANONICAL' },
  { name: '2^32-1 in nine bytes', hex: '1b00000000ffffffff', code: 'CBOR_NOT_CANONICAL' },
  { name: 'a length of 1 in two bytes', hex: '580100', code: 'CBOR_NOT_CANONICAL' },
  { name: '2^53', hex: '1b0020000000000000', code: 'CBOR_INTEGER_RANGE' },
  { name: '2^64-1', hex: '1bffffffffffffffff', code: 'CBOR_INTEGER_RANGE' },
  { name: '-2^53', hex: '3b001fffffffffffff', code: 'CBOR_INTEGER_RANGE' },
  { name: '-2^64', hex: '3bffffffffffffffff', code: 'CBOR_INTEGER_RANGE' },
  { name: 'a half float', hex: 'f93c00', code: 'CBOR_UNSUPPORTED' },
  { name: 'a double', hex: 'fb3ff199999999999a', code: 'CBOR_UNSUPPORTED' },
  { name: 'undefined', hex: 'f7', code: 'CBOR_UNSUPPORTED' },
  { name: 'simple(16)', hex: 'f0', code: 'CBOR_UNSUPPORTED' },
  { name: 'simple(255)', hex: 'f8ff', code: 'CBOR_UNSUPPORTED' },
  { name: 'a tag', hex: 'c100', code: 'CBOR_UNSUPPORTED' },
  { name: 'indefinite bytes', hex: '5f4100ff', code: 'CBOR_UNSUPPORTED' },
  { name: 'an indefinite list', hex: '9fff', code: 'CBOR_UNSUPPORTED' },
  { name: 'an indefinite map', hex: 'bfff', code: 'CBOR_UNSUPPORTED' },
  { name: 'a break alone', hex: 'ff', code: 'CBOR_UNSUPPORTED' },
  { name: 'a reserved length', hex: '1c', code: 'CBOR_UNSUPPORTED' },
  { name: 'half a letter', hex: '61c3', code: 'CBOR_TEXT' },
  { name: 'an overlong letter', hex: '62c080', code: 'CBOR_TEXT' },
  { name: 'an encoded surrogate', hex: '63eda080', code: 'CBOR_TEXT' },
  { name: 'a text as key', hex: 'a1616101', code: 'CBOR_MAP_KEY' },
  { name: 'a negative key', hex: 'a12001', code: 'CBOR_MAP_KEY' },
  { name: 'keys the wrong way round', hex: 'a203040102', code: 'CBOR_MAP_ORDER' },
  { name: 'a key twice', hex: 'a201020103', code: 'CBOR_MAP_ORDER' },
  { name: 'a key not in its shortest form', hex: 'a1180102', code: 'CBOR_NOT_CANONICAL' },
  { name: 'a list longer than the input', hex: '9affffffff', code: 'CBOR_TRUNCATED' },
  { name: 'a map longer than the input', hex: 'ba7fffffff', code: 'CBOR_TRUNCATED' },
  { name: 'a list longer than the input, whatever is in it', hex: '82f7', code: 'CBOR_TRUNCATED' },
  { name: 'a map longer than the input, whatever is in it', hex: 'a220f7', code: 'CBOR_TRUNCATED' },
  { name: 'bytes longer than the input', hex: '5b001fffffffffffff', code: 'CBOR_TRUNCATED' },
]

const anyValue = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger().map((n) => (n === 0 ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(fc.maxSafeNat(), tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
  ),
})).value

const nested = (depth: number): Uint8Array =>
  Uint8Array.from({ length: depth }, (_, i) => (i < depth - 1 ? 0x81 : 0x80))

function listOf(count: number): Uint8Array {
  const list = new Uint8Array(5 + count)
  list[0] = 0x9a
  new DataView(list.buffer).setUint32(1, count)
  return count < 65_536 ? Uint8Array.of(0x99, count >>> 8, count & 0xff, ...list.subarray(5)) : list
}

describe('cbor', () => {
  test.each(examples)('[CB2] $name has one encoding', ({ value, hex }) => {
    expect(toHex(encodeCbor(value))).toBe(hex)
    expect(decodeCbor(hexBytes(hex))).toEqual(value)
  })

  test.each(refused)('[CB3] $name is refused', ({ hex, code }) => {
    expect(refusal(() => decodeCbor(hexBytes(hex)))).toBe(code)
  })

  test('[CB2] every value comes back, and keys are sorted whatever order they were given in', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeCbor(encodeCbor(value))).toEqual(value)
      }),
    )
    expect(
      toHex(
        encodeCbor(
          new Map([
            [3, 4],
            [1, 2],
          ]),
        ),
      ),
    ).toBe('a201020304')
  })

  test('[CB3] whatever is accepted encodes to the same bytes', () => {
    const nearMiss = fc.tuple(anyValue.map(encodeCbor), fc.nat(), fc.nat(255)).map(([encoded, at, value]) => {
      encoded[at % encoded.length] = value
      return encoded
    })
    fc.assert(
      fc.property(fc.oneof(nearMiss, fc.uint8Array({ maxLength: 12 })), (input) => {
        let value: CborValue
        try {
          value = decodeCbor(input)
        } catch {
          return
        }
        expect(encodeCbor(value)).toEqual(input)
      }),
      { numRuns: 2000 },
    )
  })

  test('[CB3] every strict prefix is refused, and noise gives a CborError or a value', () => {
    const encoded = encodeCbor(map([1, 'text'], [2, [bytes(0, 40), -70_000, null]], [300, map([0, true])]))
    expect(acceptedPrefixes(encoded, decodeCbor)).toEqual([])
    expect(surprises([encoded], decodeCbor)).toEqual([])
  })

  test.each([
    { name: 'a fraction', value: 1.5, code: 'CBOR_INTEGER_RANGE' },
    { name: '2^53', value: 2 ** 53, code: 'CBOR_INTEGER_RANGE' },
    { name: 'not a number', value: Number.NaN, code: 'CBOR_INTEGER_RANGE' },
    { name: 'a lone surrogate', value: '\ud800', code: 'CBOR_TEXT' },
    { name: 'a negative key', value: map([-1, 0]), code: 'CBOR_MAP_KEY' },
  ])('[CB4] $name is not encoded', ({ value, code }) => {
    expect(refusal(() => encodeCbor(value))).toBe(code)
  })

  test('[CB5] nesting ends at the limit, both ways', () => {
    const deepest = decodeCbor(nested(MAX_CBOR_DEPTH))
    expect(encodeCbor(deepest)).toEqual(nested(MAX_CBOR_DEPTH))
    expect(refusal(() => decodeCbor(nested(MAX_CBOR_DEPTH + 1)))).toBe('CBOR_TOO_DEEP')
    expect(refusal(() => encodeCbor([deepest]))).toBe('CBOR_TOO_DEEP')
    expect(refusal(() => decodeCbor(nested(100_000)))).toBe('CBOR_TOO_DEEP')
  })

  test('[CB5] the number of values ends at the limit, both ways', () => {
    const fullest = decodeCbor(listOf(MAX_CBOR_ITEMS - 1)) as readonly CborValue[]
    expect(fullest).toHaveLength(MAX_CBOR_ITEMS - 1)
    expect(encodeCbor(fullest)).toEqual(listOf(MAX_CBOR_ITEMS - 1))
    expect(refusal(() => decodeCbor(listOf(MAX_CBOR_ITEMS)))).toBe('CBOR_TOO_MANY_ITEMS')
    expect(refusal(() => encodeCbor([...fullest, 0]))).toBe('CBOR_TOO_MANY_ITEMS')
  })

  test('[CB6] decoded byte strings are plain copies, also of a Buffer', () => {
    const source = Buffer.from('4401020304', 'hex')
    const value = decodeCbor(source) as Uint8Array
    source.fill(0)
    expect(value).toEqual(bytes(1, 4))
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
    expect(value.buffer.byteLength).toBe(4)
  })
})
