/**
 * The clock that says what is too old to be kept. One that has just jumped far ahead may be wrong, and what is deleted does
 * not come back: it is believed once it has stayed there for a while.
 */
import type { Clock } from '../../base/clock.ts'

/** From one look to the next, in milliseconds, also over a time when the agent did not run: a week without it is rare. */
export const JUMP_MS = 7 * 86_400_000
/** How long a clock that jumped is not believed: time enough to be set right by the network or by its owner. */
export const DOUBT_MS = 3_600_000
/** The time of a look is written down when it is so much later than the last that was. */
const SAVE_EVERY_MS = 1_800_000

export interface AgeClockDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** When the last run looked last; undefined if none did. */
  readonly load: () => number | undefined
  readonly save: (unixMs: number) => void
}

export class AgeClock {
  readonly #deps: AgeClockDeps
  #lookedMs: number | undefined
  #savedMs: number | undefined
  #trustedFromMs = Number.NEGATIVE_INFINITY

  constructor(deps: AgeClockDeps) {
    this.#deps = deps
    this.#savedMs = deps.load()
    this.#lookedMs = this.#savedMs
  }

  look(): { readonly nowMs: number; readonly isTrusted: boolean } {
    const { clock } = this.#deps
    const nowMs = Math.floor(clock.now())
    if (this.#lookedMs !== undefined && nowMs - this.#lookedMs > JUMP_MS) {
      this.#trustedFromMs = clock.monotonic() + DOUBT_MS
    }
    this.#lookedMs = nowMs
    this.#save(nowMs)
    return { nowMs, isTrusted: clock.monotonic() >= this.#trustedFromMs }
  }

  #save(nowMs: number): void {
    if (this.#savedMs !== undefined && Math.abs(nowMs - this.#savedMs) < SAVE_EVERY_MS) return
    this.#deps.save(nowMs)
    this.#savedMs = nowMs
  }
}
