/**
 * How a thread of this process fares, seen from inside: how long its event loop was held up, and what its heap holds.
 * Costs a timer for as long as it watches, and nothing before and after: an idle agent wakes up for nobody.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

export interface ThreadWatch {
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  /** JavaScript objects, garbage included. */
  readonly heapUsedBytes: number
  /** Buffers, outside the heap. */
  readonly buffersBytes: number
  /** Resident memory of the whole process. */
  readonly rssBytes: number
}

/** How often the loop is asked, in milliseconds; a shorter delay is not seen. */
const RESOLUTION_MS = 5
const NANOS_PER_MS = 1e6

/** Watches the thread that calls it. Ends early when `signal` is aborted. */
export async function watchThread(forMs: number, signal?: AbortSignal): Promise<ThreadWatch> {
  const loop = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  loop.enable()
  await setTimeout(forMs, undefined, { ref: false, ...(signal && { signal }) }).catch(() => {}) // ended early
  loop.disable()
  // What is recorded is the time between two questions: the pause that was meant, and the delay.
  const delayMs = (nanos: number): number => Math.max(0, nanos / NANOS_PER_MS - RESOLUTION_MS)
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return {
    delayP50Ms: delayMs(loop.percentile(50)),
    delayP99Ms: delayMs(loop.percentile(99)),
    delayMaxMs: delayMs(loop.max),
    heapUsedBytes: heapUsed,
    buffersBytes: arrayBuffers,
    rssBytes: rss,
  }
}
