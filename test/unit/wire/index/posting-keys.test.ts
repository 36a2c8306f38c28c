import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_KEY } from '../../../../src/wire/index/posting-bytes.ts'
import {
  decodeKeys,
  decodeSegmentKeys,
  encodeKeys,
  encodeSegmentKeys,
  MAX_KEYS_OF_SEGMENT,
} from '../../../../src/wire/index/posting-keys.ts'
import * as fx from '../fixtures.ts'

const keys = fc
  .uniqueArray(
    fc.oneof(
      fc.nat(1000),
      fc.maxSafeNat().map((n) => n % MAX_KEY),
      fc.constantFrom(0, MAX_KEY - 1),
    ),
  )
  .map((some) => Float64Array.from(some).sort())
const upTo = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i)

describe('keys of a segment', () => {
  test.each(fx.vectors('posting-keys'))('[IX14] golden: $name', ({ value, hex }) => {
    const { traces, tokens } = value as { traces: readonly number[]; tokens: readonly number[] }
    expect(fx.toHex(encodeSegmentKeys(traces, tokens))).toBe(hex)
    const read = decodeSegmentKeys(fx.hexBytes(hex))
    expect([Array.from(read.traces ?? []), Array.from(read.tokens ?? [])]).toEqual([traces, tokens])
  })

  test('[IX14] both families come back', () => {
    fc.assert(
      fc.property(keys, keys, (traces, tokens) => {
        expect(decodeSegmentKeys(encodeSegmentKeys(traces, tokens))).toEqual({ traces, tokens })
        expect(decodeKeys(encodeKeys(traces))).toEqual(traces)
      }),
    )
  })

  test('[IX15] one key more than the limit stands for all keys', () => {
    const atLimit = decodeSegmentKeys(encodeSegmentKeys([], upTo(MAX_KEYS_OF_SEGMENT)))
    expect(atLimit.tokens?.length).toBe(MAX_KEYS_OF_SEGMENT)
    const above = encodeSegmentKeys([1], upTo(MAX_KEYS_OF_SEGMENT + 1))
    expect(above.length).toBeLessThan(10)
    expect(decodeSegmentKeys(above)).toEqual({ traces: Float64Array.of(1), tokens: undefined })
  })

  test.each([
    { name: 'out of order', list: [5, 4] },
    { name: 'twice', list: [5, 5] },
    { name: 'below 0', list: [-1] },
    { name: 'of 2^48', list: [MAX_KEY] },
    { name: 'that are no numbers', list: [Number.NaN] },
  ])('[IX14] keys $name are a mistake of the caller', ({ list }) => {
    expect(() => encodeSegmentKeys(list, [])).toThrow(RangeError)
    expect(() => encodeSegmentKeys([], list)).toThrow(RangeError)
  })

  test('[IX12] every prefix is refused, and noise is refused or read', () => {
    const encoded = encodeSegmentKeys([1, 2 ** 40], [7, 9, 70_000])
    expect(fx.acceptedPrefixes(encoded, decodeSegmentKeys)).toEqual([])
    expect(fx.surprises([encoded], decodeSegmentKeys)).toEqual([])
  })

  test.each([
    { name: 'of another version', hex: '020101', code: 'POSTING_VERSION' },
    { name: 'that claims more keys than it has bytes', hex: '01ffffffffffff0105', code: 'POSTING_MALFORMED' },
    { name: 'with the same key twice', hex: '0103050001', code: 'POSTING_MALFORMED' },
    { name: 'that goes on', hex: '01010100', code: 'POSTING_MALFORMED' },
  ])('[IX12] a row $name is refused', ({ hex, code }) => {
    expect(fx.refusal(() => decodeSegmentKeys(fx.hexBytes(hex)))).toBe(code)
  })
})
