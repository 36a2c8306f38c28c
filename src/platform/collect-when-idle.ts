/**
 * Gives memory back after work. V8 collects when new objects need room, and an idle thread makes none: buffers of megabytes
 * that nobody reads any more would stay for hours.
 */
import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Often enough that a person who looks at the memory after work sees it given back. */
const LOOK_EVERY_MS = 10_000
/** Shares of the time between two looks. */
const BUSY = 0.2
const IDLE = 0.05

/** For the thread that calls it, as long as it lives. @param giveBack what else is given back, before */
export function collectWhenIdle(giveBack: () => void = () => undefined): void {
  let before = performance.eventLoopUtilization()
  const look = idleWatch(() => {
    giveBack()
    collect()
  })
  setInterval(() => {
    const now = performance.eventLoopUtilization()
    look(performance.eventLoopUtilization(now, before).utilization)
    before = now
  }, LOOK_EVERY_MS).unref()
}

/** All that can be: V8's words for memory that is short. Ten to twenty milliseconds, of a thread that has nothing to do. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: object) => void
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/**
 * @returns to be told at every look for which share of the time the thread was busy; it collects once after every burst, the
 *   first of which is the thread's start
 */
export function idleWatch(collectAll: () => void): (utilization: number) => void {
  let hasWorked = true
  return (utilization) => {
    if (utilization >= BUSY) hasWorked = true
    if (!hasWorked || utilization > IDLE) return
    hasWorked = false
    collectAll()
  }
}
