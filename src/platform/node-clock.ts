/** The clock port on the real clock. Timers are unref'ed: waiting for time never keeps the process alive. */
import type { Clock } from '../base/clock.ts'

/** What the fine clock may differ from the wall clock, in milliseconds: `Date.now` counts whole ones, and may tick between the two readings. */
const WALL_TOLERANCE_MS = 2
/** Time between two looks at the wall clock, in milliseconds: in a burst of records a reading costs as much as two of their attributes. */
const LOOK_EVERY_MS = 1
let anchorMs = performance.timeOrigin
let lookedAtMs = Number.NEGATIVE_INFINITY

export const nodeClock: Clock = {
  // Finer than `Date.now`, but the fine clock stands still while a machine sleeps and knows nothing of a clock that is set.
  now(fineMs = performance.now()) {
    if (fineMs - lookedAtMs >= LOOK_EVERY_MS) {
      lookedAtMs = fineMs
      const wallMs = Date.now()
      if (Math.abs(anchorMs + fineMs - wallMs) > WALL_TOLERANCE_MS) anchorMs = wallMs - fineMs
    }
    return anchorMs + fineMs
  },
  monotonic: () => performance.now(),
  every(periodMs, tick) {
    const timer = setInterval(tick, periodMs).unref()
    return () => clearInterval(timer)
  },
  after(delayMs, tick) {
    const timer = setTimeout(tick, delayMs).unref()
    return () => clearTimeout(timer)
  },
}
