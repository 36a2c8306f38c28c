/**
 * Which of several indexes answers. Another one is made beside it, and takes its place in the transaction that finds nothing
 * left to add to it; a kill leaves the old one, and the new one to be gone on with. docs/spec/index.md, IX28.
 */
import type { Database } from 'better-sqlite3'
import { INDEX_VERSION } from '../wire/index/token.ts'
import { MAX_GENERATIONS, PostingIndex, type PostingDeps } from './postings/posting-index.ts'
import type { SegmentRowId } from './segment-table.ts'
import type { SettingTable } from './small-tables.ts'
import { asStoreErrors } from './store-error.ts'

/** Memory of the one being made: nobody asks it anything. */
const CACHE_BYTES = 65_536
const CURRENT = 'index.generation'
const NEXT = 'index.next_generation'
/** Their versions; without one they are of the first, which had no number. A new store's is written by its schema. */
const CURRENT_VERSION = 'index.version'
const NEXT_VERSION = 'index.next_version'

export class IndexGeneration {
  /** The index that answers, the same object whatever generation it is of. */
  readonly index: PostingIndex
  readonly #db: Database
  readonly #settings: SettingTable
  readonly #deps: PostingDeps

  constructor(db: Database, settings: SettingTable, deps: PostingDeps) {
    this.#db = db
    this.#settings = settings
    this.#deps = deps
    this.index = new PostingIndex(db, deps, { generation: this.#read(CURRENT) ?? 0 })
  }

  /** By which all tokens of the index that answers were made: it holds what this version has, and may hold more. */
  version(): number {
    return this.#read(CURRENT_VERSION) ?? 1
  }

  /** That of the index being made, if one is. */
  next(): number | undefined {
    return this.#read(NEXT)
  }

  /** The one that was begun before, with what is in it, or an empty one. Never within a transaction. @throws {StoreError} */
  begin(): PostingIndex {
    const begun = this.#read(NEXT_VERSION) === INDEX_VERSION ? this.next() : undefined
    const generation = begun ?? ((this.#read(CURRENT) ?? 0) + 1) % MAX_GENERATIONS
    const next = new PostingIndex(this.#db, this.#deps, { generation, cacheBytes: CACHE_BYTES })
    if (begun !== undefined) return next
    next.clear()
    const note = this.#db.transaction(() => {
      this.#settings.set(NEXT, generation)
      this.#settings.set(NEXT_VERSION, INDEX_VERSION)
    })
    asStoreErrors(note)
    return next
  }

  /** @param last the last segment it holds @returns false if more were stored meanwhile. Never within a transaction. */
  takeOver(next: PostingIndex, last: SegmentRowId): boolean {
    const isWhole = this.#db.transaction(() => {
      if (this.#deps.nextLive(last + 1) !== undefined) return false
      this.#settings.set(CURRENT, next.generation)
      this.#settings.set(CURRENT_VERSION, INDEX_VERSION)
      this.#settings.delete(NEXT)
      this.#settings.delete(NEXT_VERSION)
      next.dropOthers()
      return true
    })
    if (!asStoreErrors(isWhole)) return false
    this.index.become(next.generation)
    return true
  }

  #read(name: string): number | undefined {
    const value = this.#settings.get(name)
    return typeof value === 'number' ? value : undefined
  }
}
