/** Random numbers that come again with the same seed, so that a failure found by chance can be looked at. */

/** @returns numbers in [0, 1), by mulberry32 (T. Ettinger, public domain) */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
