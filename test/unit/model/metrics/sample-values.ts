/** Distributions as programs record them, for tests. */
import fc from 'fast-check'
import { trimSpan, type Distribution } from '../../../../src/model/metrics/distribution.ts'

export function explicit(buckets: readonly number[], count: number, more: Partial<Distribution> = {}): Distribution {
  return { count, sum: count * 10, min: 1, max: 20, buckets, quantiles: [], exponential: undefined, ...more }
}

export function exponential(scale: number, offset: number, counts: readonly number[]): Distribution {
  const count = counts.reduce((sum, each) => sum + each, 0)
  const spans = { positive: trimSpan({ offset, counts }), negative: { offset: 0, counts: [] } }
  return explicit([], count, { exponential: { scale, zeroCount: 0, zeroThreshold: 0, ...spans } })
}

/** Exponential histograms, which are what adds up in the most ways. */
export const distribution: fc.Arbitrary<Distribution> = fc
  .tuple(fc.integer({ min: -2, max: 6 }), fc.integer({ min: -40, max: 40 }), fc.array(fc.nat(20), { maxLength: 20 }))
  .map(([scale, offset, counts]) => exponential(scale, offset, counts))
