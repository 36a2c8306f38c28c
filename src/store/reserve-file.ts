/**
 * Room on the disk that is kept for when there is no other: given up, it lets the device still record why it takes nothing
 * in. Written in full, with bytes that no file system makes smaller.
 */
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import type { Crypto } from '../base/crypto.ts'
import { asStoreErrors } from './store-error.ts'

/** Room for some hundred leaves, and for steps that delete what is too much. */
export const RESERVE_BYTES = 1 << 20
const BLOCK_BYTES = 65_536

export class ReserveFile {
  readonly #path: string
  readonly #random: Pick<Crypto, 'randomBytes'>

  constructor(path: string, random: Pick<Crypto, 'randomBytes'>) {
    this.#path = path
    this.#random = random
  }

  /** Makes it, if it is not there. @throws {StoreError} `STORE_FULL`; nothing of it is left then */
  take(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return
    try {
      asStoreErrors(() => this.#write())
    } catch (err) {
      this.giveUp()
      throw err
    }
  }

  giveUp(): void {
    rmSync(this.#path, { force: true })
  }

  #write(): void {
    const file = openSync(this.#path, 'w', 0o600)
    try {
      for (let left = RESERVE_BYTES; left > 0;)
        left -= writeSync(file, this.#random.randomBytes(Math.min(left, BLOCK_BYTES)))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }
}
