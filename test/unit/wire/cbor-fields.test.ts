import { describe, expect, test } from 'vitest'
import * as read from '../../../src/wire/cbor-fields.ts'
import type { CborMap, CborValue } from '../../../src/wire/cbor-value.ts'
import { readCritical, readErrorCode, readSortedTexts, requireVersion } from '../../../src/wire/shared-fields.ts'
import { bytes, refusalError } from './fixtures.ts'

const F = read.fields({ salt: 4 })
const FIELD = F.salt
const holding = (value: CborValue): CborMap => read.mapOf([FIELD, value])
const numbers = (count: number): CborValue => Array.from({ length: count }, (_, i) => i)

interface Row {
  readonly name: string
  readonly read: (map: CborMap) => unknown
  readonly good: readonly CborValue[]
  readonly bad: readonly (readonly [CborValue, string])[]
}
const TYPE = 'WIRE_FIELD_TYPE'
const RANGE = 'WIRE_FIELD_RANGE'
const ORDER = 'WIRE_FIELD_ORDER'

const readers: Row[] = [
  {
    name: 'bytes of one length',
    read: (map) => read.readBytes(map, FIELD, 4),
    good: [bytes(0, 4)],
    bad: [
      [bytes(0, 3), RANGE],
      [bytes(0, 5), RANGE],
      ['text', TYPE],
      [null, TYPE],
    ],
  },
  {
    name: 'bytes between two lengths',
    read: (map) => read.readBytesBetween(map, FIELD, 1, 2),
    good: [bytes(0, 1), bytes(0, 2)],
    bad: [
      [bytes(0, 0), RANGE],
      [bytes(0, 3), RANGE],
    ],
  },
  {
    name: 'an unsigned integer',
    read: (map) => read.readUint(map, FIELD, 9, 2),
    good: [2, 9],
    bad: [
      [1, RANGE],
      [10, RANGE],
      [-1, RANGE],
      [true, TYPE],
    ],
  },
  {
    name: 'a text, bounded in bytes',
    read: (map) => read.readText(map, FIELD, 4),
    good: ['abcd', '\u00fc\u00fc'],
    bad: [
      ['', RANGE],
      ['abcde', RANGE],
      ['\u00fc\u00fc\u00fc', RANGE],
      [bytes(0, 2), TYPE],
    ],
  },
  {
    name: 'a boolean',
    read: (map) => read.readBool(map, FIELD),
    good: [true, false],
    bad: [
      [0, TYPE],
      [null, TYPE],
    ],
  },
  {
    name: 'a list, bounded in length',
    read: (map) => read.readArray(map, FIELD, 3, 1),
    good: [numbers(1), numbers(3)],
    bad: [
      [numbers(0), RANGE],
      [numbers(4), RANGE],
      [new Map(), TYPE],
    ],
  },
  {
    name: 'a map',
    read: (map) => read.readMap(map, FIELD),
    good: [new Map()],
    bad: [
      [[], TYPE],
      [bytes(0, 1), TYPE],
    ],
  },
  {
    name: 'a list of byte strings',
    read: (map) => read.readByteStrings(map, FIELD, 2, 1, 2),
    good: [[], [bytes(0, 1), bytes(0, 2)]],
    bad: [
      [[bytes(0, 3)], RANGE],
      [[bytes(0, 1), bytes(0, 1), bytes(0, 1)], RANGE],
      [[1], TYPE],
    ],
  },
  {
    name: 'sorted texts',
    read: (map) => readSortedTexts(map, FIELD, 3, 8),
    good: [['a'], ['a', 'b', '\u00e4'], ['\uff5e', '\u{1f600}']],
    bad: [
      [[], RANGE],
      [['b', 'a'], ORDER],
      [['a', 'a'], ORDER],
      [['\u{1f600}', '\uff5e'], ORDER],
    ],
  },
  {
    name: 'a code',
    read: (map) => readErrorCode(map, FIELD),
    good: ['PAIR_DENIED', 'X'.repeat(64)],
    bad: [
      ['X'.repeat(65), RANGE],
      ['lower', RANGE],
      ['A\u001b[2J', RANGE],
    ],
  },
]

describe('fields of a map', () => {
  test.each(readers)('[CB8] $name', ({ read: readField, good, bad }) => {
    for (const value of good) expect(readField(holding(value))).toEqual(value)
    for (const [value, code] of bad) {
      const error = refusalError(() => readField(holding(value)))
      expect(error).toMatchObject({ code, details: { field: 'salt' } })
    }
    const missing = refusalError(() => readField(new Map()))
    expect(missing).toMatchObject({ code: 'WIRE_FIELD_MISSING', details: { field: 'salt' } })
  })

  test('[CB7] an optional field may be absent, but not wrong', () => {
    expect(read.readOptional(read.readBytes, new Map(), FIELD, 4)).toBeUndefined()
    expect(read.readOptional(read.readBytes, holding(bytes(0, 4)), FIELD, 4)).toEqual(bytes(0, 4))
    expect(refusalError(() => read.readOptional(read.readBytes, holding(null), FIELD, 4)).code).toBe(TYPE)
    expect(read.mapOf([FIELD, undefined])).toEqual(new Map())
  })

  test('[CB7] a version that is not ours is named', () => {
    requireVersion(holding(1), FIELD, 1)
    const error = refusalError(() => requireVersion(holding(2), FIELD, 1))
    expect(error).toMatchObject({ code: 'WIRE_VERSION', details: { version: 2 } })
  })

  test('[CB9] critical extensions are a set that is absent when empty', () => {
    expect(readCritical(new Map(), FIELD)).toEqual([])
    expect(readCritical(holding([1, 7]), FIELD)).toEqual([1, 7])
    expect(refusalError(() => readCritical(holding([]), FIELD)).code).toBe(RANGE)
    expect(refusalError(() => readCritical(holding([7, 1]), FIELD)).code).toBe(ORDER)
    expect(refusalError(() => readCritical(holding(numbers(17)), FIELD)).code).toBe(RANGE)
  })
})
