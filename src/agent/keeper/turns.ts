/**
 * Runs long work of the store thread a turn at a time, so that its other calls are answered in between: a query must
 * not hold up a commit or a revocation. One piece of work after the other, so that memory is bounded by one.
 */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { MeshError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'

/** Length of a turn, in milliseconds: what a call waits at most, save for the one step that is under way. */
export const TURN_MS = 5

export type TurnsErrorCode = 'QUERY_STOPPED'
export class TurnsError extends MeshError<TurnsErrorCode> {}

export interface TurnsOptions {
  /** Default {@link TURN_MS}. */
  readonly turnMs?: number
  /** Resolves when whatever else there was to do is done. Default: the next round of the event loop. */
  readonly pause?: () => Promise<unknown>
}

export class Turns {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #turnMs: number
  readonly #pause: () => Promise<unknown>
  #last: Promise<unknown> = Promise.resolve()
  #isStopped = false

  constructor(clock: Pick<Clock, 'monotonic'>, { turnMs = TURN_MS, pause = () => setImmediate() }: TurnsOptions = {}) {
    this.#clock = clock
    this.#turnMs = turnMs
    this.#pause = pause
  }

  /** After all that was given before. @throws {TurnsError} `QUERY_STOPPED`, and what the work throws */
  run<T>(work: () => Steps<T>): Promise<T> {
    const done = this.#last.then(() => this.#finish(work))
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Work that is not done yet takes no further step. */
  stop(): void {
    this.#isStopped = true
  }

  async #finish<T>(work: () => Steps<T>): Promise<T> {
    const steps = work()
    let turnEndMs = this.#clock.monotonic() + this.#turnMs
    for (;;) {
      if (this.#isStopped) throw new TurnsError('QUERY_STOPPED', 'the agent stops before this is answered')
      const step = steps.next()
      if (step.done === true) return step.value
      if (this.#clock.monotonic() < turnEndMs) continue
      await this.#pause()
      turnEndMs = this.#clock.monotonic() + this.#turnMs
    }
  }
}
