import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_KEY } from '../../../../src/wire/index/posting-bytes.ts'
import {
  decodeKeys,
  decodeSegmentKeys,
  encodeKeys,
  encodeSegmentKeys,
  joinTokens,
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
interface ReadKeys {
  readonly traces: Float64Array | undefined
  readonly tokens: Float64Array | undefined
}

function read(bytes: Uint8Array, shared: Float64Array): ReadKeys {
  const { traces, others, places } = decodeSegmentKeys(bytes, shared)
  return { traces, tokens: others && joinTokens(others, places, shared) }
}

const NONE = new Float64Array()
const upTo = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i)

describe('keys of a segment', () => {
  test.each(fx.vectors('posting-keys'))('[IX14] golden: $name', ({ value, hex }) => {
    const { traces, tokens, shared: list } = value as Record<'traces' | 'tokens' | 'shared', readonly number[]>
    const shared = Float64Array.from(list)
    expect(fx.toHex(encodeSegmentKeys({ traces, tokens }, shared))).toBe(hex)
    const keysRead = read(fx.hexBytes(hex), shared)
    expect([Array.from(keysRead.traces ?? []), Array.from(keysRead.tokens ?? [])]).toEqual([traces, tokens])
  })

  test('[IX14] both families come back', () => {
    fc.assert(
      fc.property(keys, keys, keys, (traces, tokens, shared) => {
        expect(read(encodeSegmentKeys({ traces, tokens }, shared), shared)).toEqual({ traces, tokens })
        expect(decodeKeys(encodeKeys(traces))).toEqual(traces)
      }),
    )
  })

  test('[IX14] tokens that are shared cost a few bytes, however many they are', () => {
    const tokens = upTo(1000).map((n) => n * 4_000_000)
    expect(encodeSegmentKeys({ traces: [], tokens }, NONE).length).toBeGreaterThan(3000)
    expect(encodeSegmentKeys({ traces: [], tokens }, tokens).length).toBeLessThan(10)
  })

  test('[IX15] one key more than the limit stands for all keys', () => {
    for (const shared of [NONE, upTo(1000)]) {
      const atLimit = encodeSegmentKeys({ traces: [], tokens: upTo(MAX_KEYS_OF_SEGMENT) }, shared)
      expect(read(atLimit, shared).tokens?.length).toBe(MAX_KEYS_OF_SEGMENT)
      const above = encodeSegmentKeys({ traces: [1], tokens: upTo(MAX_KEYS_OF_SEGMENT + 1) }, shared)
      expect(above.length).toBeLessThan(10)
      expect(read(above, shared)).toEqual({ traces: Float64Array.of(1), tokens: undefined })
    }
  })

  test.each([
    { name: 'out of order', list: [5, 4] },
    { name: 'twice', list: [5, 5] },
    { name: 'below 0', list: [-1] },
    { name: 'of 2^48', list: [MAX_KEY] },
    { name: 'that are no numbers', list: [Number.NaN] },
  ])('[IX14] keys $name are a mistake of the caller', ({ list }) => {
    expect(() => encodeSegmentKeys({ traces: list, tokens: [] }, NONE)).toThrow(RangeError)
    expect(() => encodeSegmentKeys({ traces: [], tokens: list }, NONE)).toThrow(RangeError)
  })

  test('[IX12] every prefix is refused, and noise is refused or read', () => {
    const shared = Float64Array.of(3, 9, 11, 12)
    const encoded = encodeSegmentKeys({ traces: [1, 2 ** 40], tokens: [7, 9, 12, 70_000] }, shared)
    const decode = (bytes: Uint8Array): unknown => read(bytes, shared)
    expect(fx.acceptedPrefixes(encoded, decode)).toEqual([])
    expect(fx.surprises([encoded], decode)).toEqual([])
  })

  test.each([
    { name: 'of another version', hex: '020101', code: 'POSTING_VERSION' },
    { name: 'that claims more keys than it has bytes', hex: '01ffffffffffff0105', code: 'POSTING_MALFORMED' },
    { name: 'with the same key twice', hex: '01030500010100', code: 'POSTING_MALFORMED' },
    { name: 'that goes on', hex: '0101010000', code: 'POSTING_MALFORMED' },
    { name: 'with a place that the shared list has not', hex: '0101010106', code: 'POSTING_MALFORMED' },
    { name: 'with a token that is shared and listed', hex: '010102090100', code: 'POSTING_MALFORMED' },
  ])('[IX12] a row $name is refused', ({ hex, code }) => {
    expect(fx.refusal(() => read(fx.hexBytes(hex), Float64Array.of(9, 10, 11)))).toBe(code)
  })
})
