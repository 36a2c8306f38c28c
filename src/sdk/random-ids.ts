/** Random ids in hex. Bytes are fetched many at a time: one call of the system's source costs more than all else of a span. */
import type { Crypto } from '../base/crypto.ts'

const POOL_BYTES = 4_096
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

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
    let id = ''
    for (const end = this.#at + bytes; this.#at < end; this.#at++) id += HEX[this.#pool[this.#at] as number]
    return id
  }
}
