/** Codes that were shown and not confirmed: each is one guess of somebody in between, so a few in a row end in a pause. */
import { PairingError } from './pairing-error.ts'

/** Codes in a row that may come to nothing. */
export const MAX_TRIES = 3
/** Length of the pause, in milliseconds. */
export const TRY_PAUSE_MS = 60_000

export class TryLimit {
  readonly #monotonic: () => number
  #tries = 0
  #lastMs = 0

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** @throws {PairingError} `PAIR_PAUSED` */
  require(): void {
    const leftMs = this.#lastMs + TRY_PAUSE_MS - this.#monotonic()
    if (this.#tries < MAX_TRIES) return
    if (leftMs > 0) {
      throw new PairingError(
        'PAIR_PAUSED',
        `${MAX_TRIES} attempts came to nothing: wait ${Math.ceil(leftMs / 1000)} seconds, or use a ticket: aico-mesh pair invite`,
        { details: { waitMs: Math.ceil(leftMs) } },
      )
    }
    this.#tries = 0
  }

  /** A code follows from what comes next. @throws {PairingError} `PAIR_PAUSED` */
  count(): void {
    this.require()
    this.#tries++
    this.#lastMs = this.#monotonic()
  }

  /** The last one was confirmed on both devices. */
  succeeded(): void {
    this.#tries = 0
  }
}
