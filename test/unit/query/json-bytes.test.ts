import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../../src/base/bytes.ts'
import { JsonBytes } from '../../../src/query/json-bytes.ts'

function written(write: (json: JsonBytes) => unknown): string {
  const json = new JsonBytes()
  write(json)
  return new TextDecoder('utf-8', { fatal: true }).decode(concat(...json.parts()))
}

const POWERS = Array.from({ length: 20 }, (_, i) => 10n ** BigInt(i))
const AROUND = [...POWERS, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].flatMap((n) => [n - 1n, n, n + 1n])

describe('JSON as bytes', () => {
  test('[QU1] 64-bit integers are written in decimal, digit for digit', () => {
    const write = (n: bigint): string =>
      written((json) => json.decimal64(Number(n >> 32n), Number(BigInt.asUintN(32, n))))
    for (const n of AROUND.filter((each) => each >= 0n && each < 2n ** 64n)) expect(write(n)).toBe(String(n))
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (n) => {
        expect(write(n)).toBe(String(n))
      }),
    )
  })

  test('[QU1] whole numbers are written in decimal, never with an exponent', () => {
    const write = (n: number): string => written((json) => json.integer(n))
    for (const n of AROUND.map(Number).filter((each) => each >= 0 && each < 2 ** 64)) {
      expect(write(n)).toBe(String(BigInt(n)))
    }
  })

  test('[QU1] ids are written as sixteen hex digits', () => {
    expect(written((json) => json.hex64(0x0102_0304, 0xffff_fffe))).toBe('01020304fffffffe')
    expect(written((json) => json.hex64(0, 1))).toBe('0000000000000001')
  })

  test('[QU1] text is escaped as JSON.stringify does, whatever it says', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', '\u2028', 'é', '寿', '😀') }),
    )
    fc.assert(
      fc.property(text, (value) => {
        const bytes = utf8(value)
        const want = JSON.stringify(new TextDecoder().decode(bytes)).slice(1, -1)
        expect(written((json) => json.text(bytes, 0, bytes.length))).toBe(want)
      }),
    )
  })

  test('[QU24] what is longer than a part is in parts, each with its buffer to itself', () => {
    const json = new JsonBytes()
    const long = utf8('x'.repeat(300_000))
    for (let i = 0; i < 5; i++) json.raw(long).text(long, 0, 10)
    const parts = json.parts()
    expect(parts.length).toBeGreaterThan(4)
    expect(new Set(parts.map(({ buffer }) => buffer)).size).toBe(parts.length)
    expect(concat(...parts).length).toBe(5 * 300_010)
  })
})
