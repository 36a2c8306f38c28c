import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, concat, equalBytes, fromHex, toHex, utf8, freeBytes } from '../../../src/base/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 20 })

describe('bytes', () => {
  test('hex and back is the same, in either case', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(toHex(some)).toMatch(/^(?:[0-9a-f]{2})*$/)
        expect(fromHex(toHex(some))).toEqual(some)
        expect(fromHex(toHex(some).toUpperCase())).toEqual(some)
      }),
    )
  })

  test.each(['0', 'abc', '0g', ' 00', '00 ', '0x00', '－1', '+1', '-1', '１２', '00\n'])('%j is no hex', (text) => {
    expect(fromHex(text)).toBeUndefined()
  })

  test('concat is what follows what, and copies', () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)]
    const joined = concat(a, new Uint8Array(), b)
    a[0] = 9
    expect([...joined]).toEqual([1, 2, 3])
    expect(concat()).toEqual(new Uint8Array())
  })

  test('order is that of words: total, and a prefix comes first', () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0)
    expect(compareBytes(Uint8Array.of(2), Uint8Array.of(1, 9))).toBeGreaterThan(0)
    expect(compareBytes(Uint8Array.of(255), Uint8Array.of(1))).toBeGreaterThan(0)
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const order = Buffer.compare(a, b)
        expect(Math.sign(compareBytes(a, b))).toBe(order)
        expect(equalBytes(a, b)).toBe(order === 0)
      }),
    )
  })

  test('text is UTF-8, a lone surrogate the replacement character', () => {
    expect([...utf8('é')]).toEqual([0xc3, 0xa9])
    expect([...utf8('\uD800')]).toEqual([0xef, 0xbf, 0xbd])
  })
})

test('[QU24] large bytes are given back at once, and small ones, whose buffer others may share, are left', () => {
  const [large, small] = [new Uint8Array(1 << 16), new Uint8Array((1 << 16) - 1)]
  freeBytes(large)
  freeBytes(small)
  expect([large.length, small.length]).toEqual([0, (1 << 16) - 1])
})
