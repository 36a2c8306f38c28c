/** A clock that moves only when told to. */
import type { Clock } from '../../src/base/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time forward and runs every tick that falls due, in order. */
  advance(ms: number): void
  /** Moves the wall clock alone, as a person or NTP would; timers and the monotonic clock stay. */
  setWall(timeMs: number): void
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let elapsed = 0
  let wallOffset = startMs
  const timers = new Set<{ due: number; periodMs: number | undefined; tick: () => void }>()
  const add = (delayMs: number, periodMs: number | undefined, tick: () => void): (() => void) => {
    const timer = { due: elapsed + delayMs, periodMs, tick }
    timers.add(timer)
    return () => {
      timers.delete(timer)
    }
  }
  return {
    now: () => wallOffset + elapsed,
    monotonic: () => elapsed,
    every: (periodMs, tick) => add(periodMs, periodMs, tick),
    after: (delayMs, tick) => add(delayMs, undefined, tick),
    setWall(timeMs) {
      wallOffset = timeMs - elapsed
    },
    advance(ms) {
      const until = elapsed + ms
      for (;;) {
        const next = [...timers].filter((t) => t.due <= until).sort((a, b) => a.due - b.due)[0]
        if (!next) break
        elapsed = next.due
        if (next.periodMs === undefined) timers.delete(next)
        else next.due += next.periodMs
        next.tick()
      }
      elapsed = until
    },
  }
}
