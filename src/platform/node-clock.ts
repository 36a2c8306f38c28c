/** The clock port on the real clock. Timers are unref'ed: waiting for time never keeps the process alive. */
import type { Clock } from '../base/clock.ts'

/** What the fine clock may differ from the wall clock, in milliseconds: `Date.now` counts whole ones, and may tick between the two readings. */
const WALL_TOLERANCE_MS = 2
let anchorMs = performance.timeOrigin

export const nodeClock: Clock = {
  // Finer than `Date.now`, but the fine clock stands still while a machine sleeps and knows nothing of a clock that is set.
  now() {
    const [wallMs, fineMs] = [Date.now(), performance.now()]
    if (Math.abs(anchorMs + fineMs - wallMs) > WALL_TOLERANCE_MS) anchorMs = wallMs - fineMs
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
