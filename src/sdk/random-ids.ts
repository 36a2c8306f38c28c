/** Random ids in hex. Bytes are fetched many at a time: one call of the system's source costs more than all else of a span. */
import { toHex } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'

const POOL_BYTES = 4_096

export class RandomIds {
  readonly #randomBytes: Crypto['randomBytes']
  #pool: Uint8Array = new Uint8Array()
  #at = 0

  constructor(randomBytes: Crypto['randomBytes']) {
    this.#randomBytes = randomBytes
  }

  next(bytes: number): string {
    if (this.#at + bytes > this.#pool.length) {
      this.#pool = this.#randomBytes(POOL_BYTES)
      this.#at = 0
    }
    const from = this.#at
    this.#at += bytes
    return toHex(this.#pool.subarray(from, this.#at))
  }
}
