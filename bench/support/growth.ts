/** Whether something grows while the same work goes on: memory that leaks, a queue that is never emptied. */

/** Parts of a series whose lowest values are compared: each long enough for a garbage collection. */
const WINDOWS = 10

/**
 * How much the lowest values of a series rise from its begin to its end, by the line that fits them best. The lowest of each
 * tenth, because a heap goes up and down with every garbage collection, and only what is left after one is kept.
 */
export function growthOf(series: readonly number[]): number {
  return slopeOf(lowsOf(series)) * (WINDOWS - 1)
}

/** The lowest values of each tenth of a series. */
export function lowsOf(series: readonly number[]): readonly number[] {
  const size = series.length / WINDOWS
  if (size < 1) throw new RangeError(`growth needs at least ${WINDOWS} values`)
  return Array.from({ length: WINDOWS }, (_, i) =>
    Math.min(...series.slice(Math.floor(i * size), Math.floor((i + 1) * size))),
  )
}

/** Least squares; the values stand at 0, 1, 2 and so on. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const spread = values.reduce((sum, _, x) => sum + (x - middle) ** 2, 0)
  return values.reduce((sum, y, x) => sum + (x - middle) * (y - mean), 0) / spread
}
