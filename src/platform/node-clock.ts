/** The clock port on the real clock. Timers are unref'ed: waiting for time never keeps the process alive. */
import type { Clock } from '../base/clock.ts'

export const nodeClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
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
