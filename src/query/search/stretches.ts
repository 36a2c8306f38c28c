/**
 * When something was recorded: stretches of time without a longer gap than {@link LONGEST_GAP_MS}. One record with a time
 * of 1970 or 2262 is a stretch of its own, without a length. At most as many as there are such gaps since 1970.
 */

/** A longer silence is not part of what is measured, in milliseconds: a day, so that nights are and a wrong clock is not. */
export const LONGEST_GAP_MS = 86_400_000

export class Stretches {
  /** In order of time, none nearer to the next than the gap. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  add(startMs: number, endMs = startMs): void {
    const [starts, ends] = [this.#starts, this.#ends]
    const first = firstAtLeast(ends, startMs - LONGEST_GAP_MS)
    let after = first
    while (after < starts.length && (starts[after] as number) <= endMs + LONGEST_GAP_MS) after++
    const joinedStart = first < after ? Math.min(startMs, starts[first] as number) : startMs
    const joinedEnd = first < after ? Math.max(endMs, ends[after - 1] as number) : endMs
    if (after - first === 1) {
      starts[first] = joinedStart
      ends[first] = joinedEnd
      return
    }
    starts.splice(first, after - first, joinedStart)
    ends.splice(first, after - first, joinedEnd)
  }

  addAll(pairs: Float64Array): void {
    for (let i = 0; i < pairs.length; i += 2) this.add(pairs[i] as number, pairs[i + 1])
  }

  /** Start and end of each. */
  pairs(): Float64Array {
    return Float64Array.from(this.#starts.flatMap((start, i) => [start, this.#ends[i] as number]))
  }

  /** Of all of them together, as far as they lie after `fromMs`. */
  lengthMs(fromMs: number): number {
    return this.#starts.reduce(
      (sum, start, i) => sum + Math.max(0, (this.#ends[i] as number) - Math.max(start, fromMs)),
      0,
    )
  }
}

/** Where the first number of at least this is, in order of size; their count if there is none. */
function firstAtLeast(sorted: readonly number[], least: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < least) low = middle + 1
    else high = middle
  }
  return low
}
