import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DurationHistogram, durationBucket } from '../../../../src/query/search/duration-histogram.ts'

const durations = fc.array(
  fc.oneof(
    fc.nat(1000),
    fc.double({ min: 0, max: 2 ** 63, noNaN: true }).map(Math.floor),
    fc.constantFrom(0, 1, 2 ** 63),
  ),
  { minLength: 1, maxLength: 60 },
)
const parts = fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1)

/** The least of them that this part of all is not longer than. */
function exact(nanos: readonly number[], part: number): number {
  const sorted = nanos.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(part * sorted.length)) - 1] as number
}

test('[SQ13] a percentile is off by no more than 2 %, and never beyond what there was', () => {
  fc.assert(
    fc.property(durations, parts, (nanos, part) => {
      const histogram = new DurationHistogram()
      for (const each of nanos) histogram.add(each)
      const want = exact(nanos, part)
      expect(Math.abs(histogram.quantile(part) - want)).toBeLessThanOrEqual(0.02 * want)
      expect(histogram.quantile(part)).toBeLessThanOrEqual(Math.max(...nanos))
      expect([histogram.count, histogram.longestNano]).toEqual([nanos.length, Math.max(...nanos)])
    }),
  )
})

test('[SQ13] histograms of parts add up to that of the whole', () => {
  fc.assert(
    fc.property(durations, durations, parts, (first, second, part) => {
      const [sum, whole] = [new DurationHistogram(), new DurationHistogram()]
      for (const nanos of [first, second]) {
        const buckets = Uint16Array.from(nanos.map(durationBucket))
        sum.addAll({ buckets, counts: new Uint32Array(buckets.length).fill(1) })
        sum.widen(Math.min(...nanos), Math.max(...nanos))
      }
      for (const each of [...first, ...second]) whole.add(each)
      expect(sum.quantile(part)).toBe(whole.quantile(part))
      expect([sum.count, sum.longestNano]).toEqual([whole.count, whole.longestNano])
    }),
  )
})

test('[SQ13] one duration is every percentile, exactly; of none there is none', () => {
  const histogram = new DurationHistogram()
  expect(histogram.quantile(0.5)).toBe(0)
  histogram.add(123_456_789)
  expect([0, 0.5, 1].map((part) => histogram.quantile(part))).toEqual([123_456_789, 123_456_789, 123_456_789])
})
