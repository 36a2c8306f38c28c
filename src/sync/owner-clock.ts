/**
 * The owner's clock for consent: it never goes back. Windows and epochs are judged by the latest time this device has
 * ever seen, so that setting the clock back reopens nothing (docs/spec/consent.md).
 */
import type { Clock } from '../base/clock.ts'

/** The mark is written when it has moved this far, in milliseconds: one small write a minute at most. */
const PERSIST_EVERY_MS = 60_000

export interface OwnerClockDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly load: () => number
  readonly save: (unixMs: number) => void
  /** The mark could not be written; the time is right all the same, and it is tried again a minute later. */
  readonly onFailure: (err: unknown) => void
}

export class OwnerClock {
  readonly #deps: OwnerClockDeps
  #highWaterMs: number
  #savedMs: number
  #triedMs: number

  constructor(deps: OwnerClockDeps) {
    this.#deps = deps
    this.#highWaterMs = deps.load()
    this.#savedMs = this.#highWaterMs
    this.#triedMs = this.#highWaterMs
  }

  /** Unix milliseconds, whole. */
  now(): number {
    this.#highWaterMs = Math.max(this.#highWaterMs, Math.floor(this.#deps.clock.now()))
    if (this.#highWaterMs - this.#triedMs >= PERSIST_EVERY_MS) this.#tryFlush()
    return this.#highWaterMs
  }

  /** Writes the mark, for an orderly stop: only a power cut may lose the last minute of it. */
  flush(): void {
    if (this.#highWaterMs === this.#savedMs) return
    this.#triedMs = this.#highWaterMs
    this.#deps.save(this.#highWaterMs)
    this.#savedMs = this.#highWaterMs
  }

  #tryFlush(): void {
    try {
      this.flush()
    } catch (err) {
      this.#deps.onFailure(err)
    }
  }
}
