import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addRun, below, countOf, intersect, numbersOf, unite, type Runs } from '../../../../src/wire/index/runs.ts'

function runsOf(numbers: Iterable<number>): Runs {
  const runs: number[] = []
  for (const n of [...new Set(numbers)].sort((a, b) => a - b)) addRun(runs, n, n)
  return runs
}

/** Sparse, dense, and in pieces. */
const numbers = fc.oneof(
  fc.array(fc.nat(200)),
  fc.array(fc.nat(100_000), { maxLength: 5 }),
  fc
    .array(fc.tuple(fc.nat(2000), fc.nat(50)), { maxLength: 40 })
    .map((pieces) => pieces.flatMap(([from, length]) => Array.from({ length }, (_, i) => from + i))),
)

describe('runs', () => {
  test('[IX11] neighbours are one run', () => {
    expect(runsOf([3, 1, 2, 5, 7, 8])).toEqual([1, 3, 5, 5, 7, 8])
  })

  test('[IX11] a set counts and gives its numbers', () => {
    fc.assert(
      fc.property(numbers, (some) => {
        const sorted = [...new Set(some)].sort((a, b) => a - b)
        expect(numbersOf(runsOf(some))).toEqual(sorted)
        expect(countOf(runsOf(some))).toBe(sorted.length)
      }),
    )
  })

  test('[IX11] either, both and below are what they are for sets', () => {
    fc.assert(
      fc.property(numbers, numbers, fc.nat(2000), (a, b, end) => {
        const setB = new Set(b)
        expect(unite(runsOf(a), runsOf(b))).toEqual(runsOf([...a, ...b]))
        expect(intersect(runsOf(a), runsOf(b))).toEqual(runsOf(a.filter((n) => setB.has(n))))
        expect(below(runsOf(a), end)).toEqual(runsOf(a.filter((n) => n < end)))
      }),
      { numRuns: 500 },
    )
  })
})
