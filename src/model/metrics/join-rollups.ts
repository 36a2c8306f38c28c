/** Roll-ups made anew, joined to those made before: docs/spec/metrics.md ME32. */
import type { Rollup } from './rollup.ts'

/**
 * By start of their stretch, in order. A stretch is replaced by what was made of at least as many points, never by less:
 * so what comes late, when the points that were here are gone, adds stretches and takes nothing away.
 */
export function joinRollups(
  before: Iterable<readonly [startMs: number, rollup: Rollup]>,
  anew: Iterable<readonly [startMs: number, rollup: Rollup]>,
): readonly (readonly [startMs: number, rollup: Rollup])[] {
  const joined = new Map(before)
  for (const [startMs, rollup] of anew) {
    const known = joined.get(startMs)
    if (known === undefined || rollup.points >= known.points) joined.set(startMs, rollup)
  }
  return [...joined].sort(([a], [b]) => a - b)
}
