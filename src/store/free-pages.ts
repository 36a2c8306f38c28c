/**
 * Gives pages that the database does not use any more back to the disk, a few at a time: the last pages of the file move
 * into free ones, and the file is cut. Pages come and go all the time, so it begins only where much of the file is free.
 * A file made before version 3 cannot do this; its free pages are used again.
 */
import type { Database } from 'better-sqlite3'
import { PAGE_BYTES } from './open-encrypted.ts'
import { asStoreErrors } from './store-error.ts'

/** Pages given back in one step, a transaction: some milliseconds. */
const PAGES_AT_ONCE = 32
/** It begins when more than so much of the file is free, and ends when no more than half of that is. */
const MAX_FREE_SHARE = 0.25
/** Fewer free pages than this are left alone: 4 MiB. */
const MIN_FREE_PAGES = 1_024

export class FreePages {
  readonly #db: Database
  readonly #canGiveBack: boolean
  #isUnderWay = false

  constructor(db: Database) {
    this.#db = db
    this.#canGiveBack = this.#pragma('auto_vacuum') === 2
  }

  /** Never within a transaction. @returns whether there is more to give back. @throws {StoreError} */
  giveBackSome(): boolean {
    if (!this.#canGiveBack) return false
    const free = this.#pragma('freelist_count')
    const share = free / this.#pragma('page_count')
    this.#isUnderWay = free >= MIN_FREE_PAGES && share > (this.#isUnderWay ? MAX_FREE_SHARE / 2 : MAX_FREE_SHARE)
    if (this.#isUnderWay) asStoreErrors(() => this.#db.pragma(`incremental_vacuum(${PAGES_AT_ONCE})`))
    return this.#isUnderWay
  }

  /** Of the file, not used now. */
  bytes(): number {
    return this.#pragma('freelist_count') * PAGE_BYTES
  }

  #pragma(name: string): number {
    return asStoreErrors(() => this.#db.pragma(name, { simple: true }) as number)
  }
}
