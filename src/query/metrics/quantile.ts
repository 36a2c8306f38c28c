/**
 * Quantiles of what histograms counted. Within a bucket values are taken to lie evenly, as Prometheus takes them, so that
 * an answer is as exact as its buckets. Distributions of different buckets are joined bucket by bucket.
 */
import type { Distribution, Exponential, Span } from '../../model/metrics/distribution.ts'

/** Counts that differ by less, as a share of them, are the same: they were added up in another order. */
const ROUNDING = 1e-12

/** `count` values between two bounds, or all at one. */
interface Bucket {
  readonly low: number
  readonly high: number
  readonly count: number
}
export interface Counted {
  readonly distribution: Distribution
  /** Of explicit buckets. */
  readonly bounds: readonly number[]
}

/** `quantile` from 0 to 1; undefined if nothing was counted, or only how much. */
export function quantileOf(counted: readonly Counted[], quantile: number): number | undefined {
  const buckets = counted.flatMap(bucketsOf).filter(({ count }) => count > 0)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  if (total === 0) return undefined
  const found = walk(buckets, quantile * total)
  const least = Math.min(...counted.map(({ distribution }) => distribution.min))
  const most = Math.max(...counted.map(({ distribution }) => distribution.max))
  // Not known (NaN): no bound.
  const atLeast = found < least ? least : found
  return atLeast > most ? most : atLeast
}

/** What begins and ends at an edge: how many buckets, how densely their values lie together; and values that all lie on it. */
interface Change {
  readonly begin: number
  readonly rise: number
  readonly end: number
  readonly fall: number
  readonly at: number
}
const NO_CHANGE: Change = { begin: 0, rise: 0, end: 0, fall: 0, at: 0 }

/** The value at or below which `wanted` values lie: bucket by bucket, adding up how many lie in a stretch of values. */
function walk(buckets: readonly Bucket[], wanted: number): number {
  const changes = changesOf(buckets)
  const edges = [...changes.keys()].sort((a, b) => a - b)
  // Else rounding decides on which side of a gap between buckets a value is found.
  const enough = wanted * (1 - ROUNDING)
  let [below, density, open] = [0, 0, 0]
  for (const [i, edge] of edges.entries()) {
    const start = edges[i - 1] ?? edge
    const within = density * (edge - start)
    if (within > 0 && below + within >= enough) return Math.min(edge, start + (wanted - below) / density)
    const { begin, rise, end, fall, at } = changes.get(edge) ?? NO_CHANGE
    below += within + at
    if (below >= enough) return edge
    open -= end
    // What rounding leaves of a dense bucket that ended would be many values in a wide one, or in a gap.
    density = (open === 0 ? 0 : density - fall) + rise
    open += begin
  }
  return edges.at(-1) as number
}

function changesOf(buckets: readonly Bucket[]): ReadonlyMap<number, Change> {
  const changes = new Map<number, Change>()
  const change = (edge: number, alter: (known: Change) => Partial<Change>): void => {
    const known = changes.get(edge) ?? NO_CHANGE
    changes.set(edge, { ...known, ...alter(known) })
  }
  for (const { low, high, count } of buckets) {
    const density = count / (high - low)
    if (low === high) {
      change(low, ({ at }) => ({ at: at + count }))
    } else {
      change(low, ({ begin, rise }) => ({ begin: begin + 1, rise: rise + density }))
      change(high, ({ end, fall }) => ({ end: end + 1, fall: fall + density }))
    }
  }
  return changes
}

function bucketsOf({ distribution, bounds }: Counted): readonly Bucket[] {
  const { exponential, buckets } = distribution
  return exponential === undefined ? explicitBuckets(distribution, buckets, bounds) : exponentialBuckets(exponential)
}

/** The outermost have one bound: values are taken to reach to the least and the largest, or else to lie on that bound. */
function explicitBuckets(
  { min, max }: Distribution,
  counts: readonly number[],
  bounds: readonly number[],
): readonly Bucket[] {
  const [first, last] = [bounds[0], bounds.at(-1)]
  if (first === undefined || last === undefined) {
    return counts.map((count) => ({ low: Number.isNaN(min) ? 0 : min, high: Number.isNaN(max) ? 0 : max, count }))
  }
  // What is measured is rarely below zero, unless a bound says so.
  const lowest = min <= first ? min : Math.min(0, first)
  return counts.map((count, i) => ({
    low: i === 0 ? lowest : (bounds[i - 1] as number),
    high: bounds[i] ?? (max >= last ? max : last),
    count,
  }))
}

function exponentialBuckets({ scale, zeroCount, positive, negative }: Exponential): readonly Bucket[] {
  const base = 2 ** (2 ** -scale)
  const sides = (span: Span, sign: 1 | -1): readonly Bucket[] =>
    span.counts.map((count, i) => {
      const ends = [base ** (span.offset + i), base ** (span.offset + i + 1)].map(
        (end) => sign * Math.min(end, Number.MAX_VALUE),
      )
      return { low: Math.min(...ends), high: Math.max(...ends), count }
    })
  return [...sides(negative, -1), { low: 0, high: 0, count: zeroCount }, ...sides(positive, 1)]
}
