/** Waiting for real processes: asks again and again, for a bounded time. */
import { setTimeout as pause } from 'node:timers/promises'

export { pause }

/** Longest wait for anything, in milliseconds. */
const LIMIT_MS = 120_000
/** Pause between two questions, in milliseconds: the resolution of every time measured by asking. */
export const ASK_EVERY_MS = 5

/** @returns milliseconds until `isTrue` said so; the time it took to ask is part of them */
export async function until(what: string, isTrue: () => Promise<boolean>, everyMs = ASK_EVERY_MS): Promise<number> {
  const startedMs = performance.now()
  while (!(await isTrue())) {
    if (performance.now() - startedMs > LIMIT_MS) throw new Error(`waited ${LIMIT_MS} ms in vain: ${what}`)
    await pause(everyMs)
  }
  return performance.now() - startedMs
}
