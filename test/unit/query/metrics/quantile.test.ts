import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add } from '../../../../src/model/metrics/distribution.ts'
import { quantileOf, type Counted } from '../../../../src/query/metrics/quantile.ts'
import { distribution, explicit, exponential } from '../../model/metrics/sample-values.ts'

const NONE = { min: Number.NaN, max: Number.NaN }
const counted = (buckets: readonly number[], bounds: readonly number[], more = {}): Counted => ({
  distribution: explicit(
    buckets,
    buckets.reduce((sum, each) => sum + each, 0),
    { ...NONE, ...more },
  ),
  bounds,
})

/** How many of these values each bucket holds: up to its bound, above the one before. */
function histogramOf(values: readonly number[], bounds: readonly number[], more = {}): Counted {
  const places = values.map((value) => bounds.findIndex((bound) => value <= bound))
  const buckets = [...bounds, Infinity].map((_, i) => places.filter((at) => (at < 0 ? bounds.length : at) === i).length)
  return counted(buckets, bounds, more)
}

describe('quantiles', () => {
  const cases = [
    { name: 'half way through one bucket', of: [counted([0, 10, 0], [10, 20])], q: 0.5, want: 15 },
    { name: 'of the first bucket begin at zero', of: [counted([10, 0], [10])], q: 0.5, want: 5 },
    { name: 'of the first bucket begin at min', of: [counted([10, 0], [10], { min: 4, max: 9 })], q: 0.5, want: 7 },
    { name: 'of a first bound below zero end there', of: [counted([10, 0], [-5])], q: 0.5, want: -5 },
    { name: 'of the last bucket are its bound', of: [counted([0, 10], [10])], q: 0.5, want: 10 },
    { name: 'of the last bucket end at max', of: [counted([0, 10], [10], { min: 11, max: 30 })], q: 0.5, want: 20 },
    { name: 'never leave min and max', of: [counted([10, 0], [10], { min: 2, max: 3 })], q: 0.99, want: 3 },
    { name: 'of nothing', of: [counted([0, 0], [10])], q: 0.5, want: undefined },
    { name: 'of counts without buckets', of: [counted([], [])], q: 0.5, want: undefined },
    {
      name: 'of an exponential histogram',
      of: [{ distribution: { ...exponential(0, 3, [4]), ...NONE }, bounds: [] }],
      q: 0.5,
      want: 12,
    },
    {
      name: 'below a gap stay there, whatever was rounded on the way',
      of: [
        { distribution: { ...exponential(-2, 0, [5, 0, 2]), ...NONE }, bounds: [] },
        { distribution: { ...exponential(-2, -1, [2, 11]), ...NONE }, bounds: [] },
      ],
      q: 0.9,
      want: 16,
    },
    {
      name: 'of two with other bounds',
      of: [counted([0, 10, 0], [10, 20]), counted([0, 10], [30], { min: 30, max: 40 })],
      q: 0.25,
      want: 15,
    },
  ]
  test.each(cases)('[ME46] $name', ({ of, q, want }) => expect(quantileOf(of, q)).toBe(want))

  test('[ME46] lie in the bucket of the value that is meant', () => {
    const bounds = [1, 5, 10, 50]
    const values = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99), (all, q) => {
        const sorted = all.toSorted((a, b) => a - b)
        const meant = sorted[Math.ceil(q * sorted.length) - 1] as number
        const more = { min: sorted[0] as number, max: sorted.at(-1) as number }
        const found = quantileOf([histogramOf(all, bounds, more)], q) as number
        const edges = [-Infinity, ...bounds, Infinity]
        const at = edges.findIndex((edge) => meant <= edge)
        expect(found).toBeGreaterThanOrEqual(edges[at - 1] as number)
        expect(found).toBeLessThanOrEqual(edges[at] as number)
      }),
    )
  })
  test('[ME46] of several are those of their sum', () => {
    fc.assert(
      fc.property(distribution, distribution, fc.constantFrom(0.5, 0.9), (a, b, q) => {
        const [one, other] = [a, b].map((each) => ({ ...each, ...NONE })) as [typeof a, typeof b]
        if (one.exponential?.scale !== other.exponential?.scale) return
        const both = quantileOf(
          [one, other].map((each) => ({ distribution: each, bounds: [] })),
          q,
        )
        const sum = quantileOf([{ distribution: { ...add(one, other), ...NONE }, bounds: [] }], q)
        // Adding up in another order rounds otherwise.
        if (sum === undefined) expect(both).toBeUndefined()
        else expect(Math.abs((both ?? Number.NaN) - sum)).toBeLessThanOrEqual(1e-9 * Math.abs(sum))
      }),
    )
  })
})
