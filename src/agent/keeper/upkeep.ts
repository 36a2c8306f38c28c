/**
 * Work that keeps the index in shape, between other calls: one step of a few milliseconds a round of the event loop, for
 * as long as there is something to do. While somebody waits for answers it takes a fifth of the time, not all of it. What
 * fails, such as a full disk, waits until there is a new reason to look.
 */
import type { Clock } from '../../base/clock.ts'

export interface UpkeepDeps {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>
  /** Does something in a round of the event loop of its own. @returns what takes it back */
  readonly later: (work: () => void) => () => void
  /** For how long nobody has waited for an answer, in milliseconds. */
  readonly idleMs: () => number
  /** One step. @returns false once nothing is left to do */
  readonly step: () => boolean
  readonly onFailure: (err: unknown) => void
}

/** Whoever asked so lately is likely to ask again at once: a person's page, or a program that goes through traces. */
export const SETTLED_MS = 50
/** Pause after a step while somebody asks, in times of what the step took. */
const PAUSE = 4
/** Shortest pause, in milliseconds: a step that took no time is no reason to hurry. */
const MIN_PAUSE_MS = 4

export class Upkeep {
  readonly #deps: UpkeepDeps
  #cancelNext: (() => void) | undefined
  #isStopped = false

  constructor(deps: UpkeepDeps) {
    this.#deps = deps
  }

  /** There may be something to do. */
  wake(): void {
    if (!this.#isStopped) this.#cancelNext ??= this.#deps.later(() => this.#step())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelNext?.()
  }

  #step(): void {
    const { clock, idleMs, step, onFailure } = this.#deps
    const beganMs = clock.monotonic()
    this.#cancelNext = undefined
    try {
      if (!step()) return
    } catch (err) {
      onFailure(err)
      return
    }
    if (idleMs() >= SETTLED_MS) return this.wake()
    const pauseMs = Math.max(PAUSE * (clock.monotonic() - beganMs), MIN_PAUSE_MS)
    this.#cancelNext = clock.after(pauseMs, () => this.#step())
  }
}
