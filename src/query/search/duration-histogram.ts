/**
 * Durations counted in buckets that are 4 % wide, so that a percentile is off by less than 2 %, whatever the durations
 * are and however many. Histograms add up: that of several chunks is the histogram of all their spans.
 */

/** How much longer the end of a bucket is than its beginning. */
const WIDTH = 1.04
const LOG_WIDTH = Math.log(WIDTH)
/** Bucket 0 has what took nothing; the last holds 2^63 nanoseconds, the longest there is. */
const BUCKETS = 2 + Math.floor(Math.log(2 ** 63) / LOG_WIDTH)

/** Buckets that are not empty, and how many durations are in each. */
export interface CountedDurations {
  readonly buckets: Uint16Array
  readonly counts: Uint32Array
}

export class DurationHistogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0
  #shortest = Infinity
  #longest = 0

  get count(): number {
    return this.#total
  }

  get longestNano(): number {
    return this.#longest
  }

  add(nanos: number): void {
    this.#addTo(durationBucket(nanos), 1)
    this.widen(nanos, nanos)
  }

  /** {@link widen} has to be told of the shortest and the longest of them. */
  addAll({ buckets, counts }: CountedDurations): void {
    for (let i = 0; i < buckets.length; i++) this.#addTo(buckets[i] as number, counts[i] as number)
  }

  widen(shortestNano: number, longestNano: number): void {
    if (shortestNano < this.#shortest) this.#shortest = shortestNano
    if (longestNano > this.#longest) this.#longest = longestNano
  }

  /** The least duration that this part of all is not longer than (nearest rank); 0 for none. `part` is within 0..1. */
  quantile(part: number): number {
    const rank = Math.max(1, Math.ceil(part * this.#total))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] as number
      if (seen >= rank) return Math.min(Math.max(middleOf(bucket), this.#shortest), this.#longest)
    }
    return 0
  }

  #addTo(bucket: number, count: number): void {
    this.#counts[bucket] = (this.#counts[bucket] as number) + count
    this.#total += count
  }
}

export function durationBucket(nanos: number): number {
  return nanos < 1 ? 0 : Math.min(1 + Math.floor(Math.log(nanos) / LOG_WIDTH), BUCKETS - 1)
}

/** As many times as long as a bucket's beginning as its end is as it. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : WIDTH ** (bucket - 0.5)
}
