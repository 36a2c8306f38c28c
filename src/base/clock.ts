/** Time as a dependency. Wall times are milliseconds since the Unix epoch. */
export interface Clock {
  /**
   * Wall time in milliseconds; may carry a fraction.
   * @param monotonicMs what `monotonic` answered just now, if it was asked: spares whoever needs both a reading
   */
  now(monotonicMs?: number): number
  /** Milliseconds on a clock that never goes back, from an arbitrary start. */
  monotonic(): number
  /** Calls `tick` every `periodMs` until the returned function is called. Never keeps the process alive. */
  every(periodMs: number, tick: () => void): () => void
  /** Calls `tick` once after `delayMs`, unless the returned function is called first. Never keeps the process alive. */
  after(delayMs: number, tick: () => void): () => void
}

const DAY_MS = 86_400_000

/** Start of the UTC day that holds `timeMs`. */
export function startOfUtcDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}
