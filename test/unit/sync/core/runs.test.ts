import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SeqRange } from '../../../../src/model/segment.ts'
import {
  addToRuns,
  countSeqs,
  intersectRuns,
  NO_RUNS,
  runsContain,
  subtractRuns,
  toRuns,
  unionRuns,
  type Runs,
} from '../../../../src/sync/core/runs.ts'

const SPACE = 64
const range = fc
  .tuple(fc.nat(SPACE - 1), fc.nat(12))
  .map(([from, length]): SeqRange => ({ from, to: Math.min(from + length, SPACE - 1) }))
const ranges = fc.array(range, { maxLength: 10 })
const runs = ranges.map(toRuns)

const numbersOf = (of: Runs): number[] =>
  of.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, n) => from + n))
const fromNumbers = (numbers: Iterable<number>): Runs => toRuns([...numbers].map((seq) => ({ from: seq, to: seq })))
const r = (...pairs: [number, number][]): Runs => pairs.map(([from, to]) => ({ from, to }))

describe('runs', () => {
  const normal: { name: string; given: SeqRange[]; want: Runs }[] = [
    { name: 'nothing is the empty set', given: [], want: NO_RUNS },
    {
      name: 'ranges are sorted',
      given: [
        { from: 5, to: 6 },
        { from: 1, to: 2 },
      ],
      want: r([1, 2], [5, 6]),
    },
    {
      name: 'ranges that overlap are one',
      given: [
        { from: 1, to: 5 },
        { from: 3, to: 8 },
      ],
      want: r([1, 8]),
    },
    {
      name: 'ranges that touch are one',
      given: [
        { from: 1, to: 2 },
        { from: 3, to: 4 },
      ],
      want: r([1, 4]),
    },
    {
      name: 'a range inside another adds nothing',
      given: [
        { from: 1, to: 9 },
        { from: 3, to: 4 },
      ],
      want: r([1, 9]),
    },
    {
      name: 'a gap of one stays a gap',
      given: [
        { from: 1, to: 2 },
        { from: 4, to: 4 },
      ],
      want: r([1, 2], [4, 4]),
    },
    { name: 'an empty range is left out', given: [{ from: 4, to: 3 }], want: NO_RUNS },
    { name: 'negative numbers are left out', given: [{ from: -1, to: 3 }], want: NO_RUNS },
    { name: 'fractions are left out', given: [{ from: 0.5, to: 3 }], want: NO_RUNS },
    { name: 'not-a-number is left out', given: [{ from: Number.NaN, to: 3 }], want: NO_RUNS },
    {
      name: 'numbers past the safe integers are left out',
      given: [{ from: 0, to: Number.MAX_SAFE_INTEGER + 1 }],
      want: NO_RUNS,
    },
    {
      name: 'the whole space is one run',
      given: [
        { from: 0, to: Number.MAX_SAFE_INTEGER },
        { from: 7, to: 9 },
      ],
      want: r([0, Number.MAX_SAFE_INTEGER]),
    },
  ]
  test.each(normal)('[RC1] $name', ({ given, want }) => {
    expect(toRuns(given)).toEqual(want)
  })

  test('[RC1] union is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(runs, runs, runs, (a, b, c) => {
        expect(unionRuns(a, b)).toEqual(unionRuns(b, a))
        expect(unionRuns(unionRuns(a, b), c)).toEqual(unionRuns(a, unionRuns(b, c)))
        expect(unionRuns(a, a)).toEqual(a)
        expect(unionRuns(a, NO_RUNS)).toEqual(a)
      }),
    )
  })

  test('[RC1] every operation agrees with plain sets of numbers', () => {
    fc.assert(
      fc.property(runs, runs, range, (a, b, one) => {
        const [left, right] = [new Set(numbersOf(a)), new Set(numbersOf(b))]
        expect(unionRuns(a, b)).toEqual(fromNumbers([...left, ...right]))
        expect(intersectRuns(a, b)).toEqual(fromNumbers([...left].filter((seq) => right.has(seq))))
        expect(subtractRuns(a, b)).toEqual(fromNumbers([...left].filter((seq) => !right.has(seq))))
        expect(addToRuns(a, one)).toEqual(fromNumbers([...left, ...numbersOf([one])]))
        expect(countSeqs(a)).toBe(left.size)
        for (let seq = -1; seq <= SPACE; seq++) expect(runsContain(a, seq)).toBe(left.has(seq))
      }),
      { numRuns: 300 },
    )
  })

  test('[RC1] nothing is changed in place', () => {
    const a = Object.freeze(r([1, 4], [8, 9]).map((run) => Object.freeze(run)))
    expect(unionRuns(a, r([5, 7]))).toEqual(r([1, 9]))
    expect(subtractRuns(a, r([2, 2]))).toEqual(r([1, 1], [3, 4], [8, 9]))
    expect(a).toEqual(r([1, 4], [8, 9]))
  })
})
