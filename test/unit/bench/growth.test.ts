import { describe, expect, test } from 'vitest'
import { growthOf } from '../../../bench/support/growth.ts'

const seconds = Array.from({ length: 200 }, (_, i) => i)

describe('growth of a series', () => {
  test.each([
    { name: 'of what stays is none', of: () => 50, growth: 0 },
    { name: 'of what goes up and down with garbage is none', of: (s: number) => 50 + (s % 17) * 9, growth: 0 },
    { name: 'of a leak is the leak', of: (s: number) => 50 + s / 10, growth: 18 },
    { name: 'of a leak under garbage is the leak', of: (s: number) => 50 + s / 10 + (s % 5) * 9, growth: 18 },
    { name: 'of what shrinks is negative', of: (s: number) => 50 - s / 10, growth: -18 },
  ])('$name', ({ of, growth }) => {
    expect(growthOf(seconds.map(of))).toBeCloseTo(growth, 5)
  })

  test('of too few values is unknown', () => {
    expect(() => growthOf(seconds.slice(0, 9))).toThrow(RangeError)
    expect(growthOf(seconds.slice(0, 10))).toBeCloseTo(9)
  })
})
