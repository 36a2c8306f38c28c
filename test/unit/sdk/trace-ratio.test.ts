import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKept, rejectionThreshold } from '../../../src/sdk/trace-ratio.ts'

const idWith = (random: string): string => `${'f'.repeat(18)}${random}`
const randomDigits = fc.stringMatching(/^[0-9a-f]{14}$/)
const ratio = fc.double({ min: 0, max: 1, noNaN: true })

/** 1-in-N, with the digits that OpenTelemetry's table of thresholds has for it (five of precision, its last one rounded). */
const TABLE = [
  { n: 1, digits: '0' },
  { n: 2, digits: '8' },
  { n: 3, digits: 'aaaab' },
  { n: 4, digits: 'c' },
  { n: 5, digits: 'ccccd' },
  { n: 8, digits: 'e' },
  { n: 10, digits: 'e6666' },
  { n: 16, digits: 'f' },
  { n: 100, digits: 'fd70a4' },
  { n: 1_000, digits: 'ffbe76d' },
  { n: 10_000, digits: 'fff97247' },
  { n: 100_000, digits: 'ffff583a5' },
  { n: 1_000_000, digits: 'ffffef391' },
]

describe('the threshold', () => {
  test.each(TABLE)('[RD13] of 1 in $n is that of OpenTelemetry’s table', ({ n, digits }) => {
    const threshold = rejectionThreshold(1 / n)
    expect(threshold).toMatch(/^[0-9a-f]{14}$/)
    const rounding = 16n ** BigInt(14 - digits.length)
    const difference = BigInt(`0x${threshold}`) - BigInt(`0x${digits.padEnd(14, '0')}`)
    expect(difference >= -rounding / 2n && difference <= rounding / 2n).toBe(true)
  })

  test.each([
    { name: 'all are kept', of: 1, threshold: '00000000000000' },
    { name: 'half', of: 0.5, threshold: '80000000000000' },
    { name: '1 in 100, to the last bit', of: 0.01, threshold: 'fd70a3d70a3d71' },
    { name: 'the least there is', of: 2 ** -56, threshold: 'ffffffffffffff' },
  ])('[RD13] golden: $name', ({ of, threshold }) => {
    expect(rejectionThreshold(of)).toBe(threshold)
  })
})

describe('a trace', () => {
  test.each([
    { name: 'at the threshold is kept', of: 0.5, random: '80000000000000', kept: true },
    { name: 'one below it is not', of: 0.5, random: '7fffffffffffff', kept: false },
    { name: 'with the lowest id is kept by 1', of: 1, random: '00000000000000', kept: true },
    { name: 'with the highest id is not kept by 0', of: 0, random: 'ffffffffffffff', kept: false },
    { name: 'with the highest id is kept by the least ratio', of: 2 ** -56, random: 'ffffffffffffff', kept: true },
  ])('[RD13] $name', ({ of, random, kept }) => {
    expect(isKept(idWith(random), rejectionThreshold(of))).toBe(kept)
  })

  test('[RD13] that a ratio keeps, every higher one keeps', () => {
    fc.assert(
      fc.property(randomDigits, ratio, ratio, (random, a, b) => {
        const [lower, higher] = a < b ? [a, b] : [b, a]
        const isKeptBy = (of: number) => isKept(idWith(random), rejectionThreshold(of))
        expect([isKeptBy(lower), isKeptBy(higher)]).not.toEqual([true, false])
      }),
    )
  })

  test('[RD13] only the last 56 bits of its id count, which the random flag speaks of', () => {
    fc.assert(
      fc.property(randomDigits, fc.stringMatching(/^[0-9a-f]{18}$/), ratio, (random, before, of) => {
        const threshold = rejectionThreshold(of)
        expect(isKept(before + random, threshold)).toBe(isKept(idWith(random), threshold))
      }),
    )
  })
})
