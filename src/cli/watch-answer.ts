/**
 * Tells an answer that takes long from one that never comes. While a request has no answer, the agent is asked now and then,
 * beside it, whether it is there at all. A question that takes an hour is waited for as long as that; a process that was
 * stopped is not.
 */
import type { Clock } from '../base/clock.ts'

/** An answer that takes longer is rare: most commands never ask. In milliseconds. */
export const PROBE_AFTER_MS = 10_000
/** What an agent has, even on a machine that is busy, to say anything. In milliseconds. */
export const SILENCE_MS = 20_000

export interface WatchAnswerDeps {
  readonly clock: Pick<Clock, 'after'>
  /**
   * Asks whether the agent is there. @param answered called once, false if it cannot be asked; not after the returned
   * function, which gives it up
   */
  readonly probe: (answered: (isThere: boolean) => void) => () => void
  /** Called once: there will be no answer. */
  readonly onSilence: () => void
}

/** @returns what ends the watch: there is an answer, or nobody waits for one */
export function watchAnswer({ clock, probe, onSilence }: WatchAnswerDeps): () => void {
  let cancel: () => void
  const wait = (): void => {
    cancel = clock.after(PROBE_AFTER_MS, ask)
  }
  const ask = (): void => {
    const cancelTimer = clock.after(SILENCE_MS, () => {
      giveUp()
      onSilence()
    })
    const giveUp = probe((isThere) => {
      cancelTimer()
      if (isThere) wait()
      else onSilence()
    })
    cancel = () => {
      cancelTimer()
      giveUp()
    }
  }
  wait()
  return () => cancel()
}
