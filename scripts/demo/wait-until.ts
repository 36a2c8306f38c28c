/** Asks again and again until the answer is there: what the demo waits for happens in other processes. */
import { setTimeout as pause } from 'node:timers/promises'
import { DemoError } from './demo-error.ts'

export interface WaitOptions {
  readonly signal: AbortSignal
  /** Time until it counts as failed, in milliseconds. Default: a minute, for machines that are busy. */
  readonly limitMs?: number
  /** Pause between two questions, in milliseconds. */
  readonly everyMs?: number
}

const DEFAULT_LIMIT_MS = 60_000
const DEFAULT_EVERY_MS = 100

/** @param what what is waited for, to follow "waited too long for" @throws {DemoError} `DEMO_TIMEOUT` */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { signal, limitMs = DEFAULT_LIMIT_MS, everyMs = DEFAULT_EVERY_MS }: WaitOptions,
): Promise<T> {
  const endMs = performance.now() + limitMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > endMs) {
      throw new DemoError('DEMO_TIMEOUT', `waited too long for ${what} (${limitMs / 1000} s)`)
    }
    await pause(everyMs, undefined, { signal })
  }
}
