/** Random ids in hex. Made many at a time: one call of the system's source costs more than all else of a span. */
import type { Crypto } from '../base/crypto.ts'

const POOL_BYTES = 16_384

export class RandomIds {
  readonly #randomBytes: Crypto['randomBytes']
  /** Hex digits. */
  #pool = ''
  #at = 0

  constructor(randomBytes: Crypto['randomBytes']) {
    this.#randomBytes = randomBytes
  }

  next(bytes: number): string {
    const digits = 2 * bytes
    if (this.#at + digits > this.#pool.length) {
      // Not `toHex`, which makes a rope of two digits each: a fifth of what a span cost.
      this.#pool = Buffer.from(this.#randomBytes(POOL_BYTES)).toString('hex')
      this.#at = 0
    }
    const from = this.#at
    this.#at += digits
    return this.#pool.slice(from, this.#at)
  }
}
