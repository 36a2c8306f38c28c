/**
 * Lets what comes in take turns with everything else that the store thread does. Requests are read and admitted for a while,
 * in the order they came; then what was admitted is committed together, whatever else waits is done, and the next begin. A
 * burst of any size holds up a query no longer than a turn and its commit, and a lone request does not wait for a turn.
 */
import type { Clock } from '../../base/clock.ts'

/** Length of a turn, in milliseconds: some eight exports of 512 spans. Longer ones gain no speed, and hold up the thread. */
export const INTAKE_TURN_MS = 8

export class IntakeTurns {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #later: (work: () => void) => void
  #waiting: (() => void)[] = []
  #spentMs = 0
  #isTurn = false
  #requests = 0
  #turns = 0

  /** @param later does something after whatever else there is to do now, commits above all */
  constructor(clock: Pick<Clock, 'monotonic'>, later: (work: () => void) => void) {
    this.#clock = clock
    this.#later = later
  }

  /** Since the start. Requests of one turn share a commit. */
  get counts(): { readonly requests: number; readonly turns: number } {
    return { requests: this.#requests, turns: this.#turns }
  }

  /** Work is done up to where it waits for its commit before the next begins. @throws what it throws */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(work()))
      this.#goOn()
    })
  }

  #goOn(): void {
    const startedMs = this.#clock.monotonic()
    let done = 0
    while (done < this.#waiting.length && this.#spentMs + this.#clock.monotonic() - startedMs < INTAKE_TURN_MS) {
      this.#waiting[done++]?.()
    }
    this.#waiting.splice(0, done)
    this.#requests += done
    this.#spentMs += this.#clock.monotonic() - startedMs
    if (this.#isTurn) return
    this.#isTurn = true
    this.#turns++
    // After the work has begun: what it asked to be done later, its commit, comes first.
    this.#later(() => this.#end())
  }

  #end(): void {
    this.#isTurn = false
    this.#spentMs = 0
    if (this.#waiting.length > 0) this.#goOn()
  }
}
