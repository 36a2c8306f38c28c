/** How long the event loop of this thread is held up, from one look to the next. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How often the loop is asked, in milliseconds: often enough for what a person notices, and next to nothing of a processor. */
const RESOLUTION_MS = 100
const NANOS_PER_S = 1e9

/** Delays in seconds. What is shorter than the pause between two questions is seen in part. */
export interface LoopDelays {
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
}
export interface LoopWatch {
  /** Since the last look; undefined if the loop was not asked meanwhile. */
  take(): LoopDelays | undefined
  stop(): void
}

/** Costs a timer until it is stopped. */
export function watchLoop(): LoopWatch {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  loop.enable()
  // What is recorded is the time between two questions: the pause that was meant, and the delay.
  const delay = (nanos: number): number => Math.max(0, nanos / NANOS_PER_S - RESOLUTION_MS / 1_000)
  return {
    take() {
      if (loop.count === 0) return undefined
      const delays = {
        min: delay(loop.min),
        max: delay(loop.max),
        mean: delay(loop.mean),
        stddev: loop.stddev / NANOS_PER_S,
        p50: delay(loop.percentile(50)),
        p90: delay(loop.percentile(90)),
        p99: delay(loop.percentile(99)),
      }
      loop.reset()
      return delays
    },
    stop: () => void loop.disable(),
  }
}
