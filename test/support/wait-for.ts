/** Waiting for real processes: polls a condition until it holds or a deadline passes; never sleeps and hopes. */
import { setTimeout as pause } from 'node:timers/promises'

/** Longest wait, in milliseconds, when a test says nothing else: far more than anything takes on a loaded machine. */
export const DEADLINE_MS = 20_000
const POLL_MS = 20

type Falsy = undefined | null | false

/** @returns the first truthy answer. @throws {Error} that names what was waited for, with the last failure as its cause */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | Falsy> | T | Falsy,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + deadlineMs
  let cause: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== null && answer !== false) return answer
      cause = undefined
    } catch (err) {
      cause = err
    }
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause })
    await pause(POLL_MS)
  }
}
