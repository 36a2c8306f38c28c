/**
 * Lists of tokens that many segments have: rows of the tail name such a token by its place in one. Lists change in transactions
 * of upkeep alone, so that what is remembered of them is never taken back by whoever adds a segment.
 */
import type { Database, Statement } from 'better-sqlite3'
import { decodeKeys, encodeKeys } from '../../wire/index/posting-keys.ts'
import { StoreError } from '../store-error.ts'

export interface SharedTokens {
  /** 0 if there is no list. */
  readonly id: number
  readonly keys: Float64Array
}

/** Tokens of a list: of a segment with more, the rest is spelled out. */
const MAX_SHARED = 8_192
const NONE: SharedTokens = { id: 0, keys: new Float64Array() }

export class SharedTable {
  readonly #generation: number
  readonly #insert: Statement
  readonly #newest: Statement<[number], number | null>
  readonly #byId: Statement<[number], Uint8Array>
  readonly #deleteUnused: Statement
  readonly #deleteAll: Statement<[number]>
  readonly #deleteOthers: Statement<[number]>
  readonly #known = new Map<number, SharedTokens>()
  #knownNewest: SharedTokens | undefined

  constructor(db: Database, generation: number) {
    this.#generation = generation
    this.#insert = db.prepare('INSERT INTO posting_shared (generation, keys) VALUES (?, ?)')
    this.#newest = db
      .prepare<[number], number | null>('SELECT max(id) FROM posting_shared WHERE generation = ?')
      .pluck()
    this.#byId = db.prepare<[number], Uint8Array>('SELECT keys FROM posting_shared WHERE id = ?').pluck()
    this.#deleteUnused = db.prepare(
      `DELETE FROM posting_shared WHERE generation = ? AND id < ?
         AND id NOT IN (SELECT shared FROM posting_tail WHERE id >= ? AND id < ?)`,
    )
    this.#deleteAll = db.prepare('DELETE FROM posting_shared WHERE generation = ?')
    this.#deleteOthers = db.prepare('DELETE FROM posting_shared WHERE generation <> ?')
  }

  newest(): SharedTokens {
    this.#knownNewest ??= this.#get(this.#newest.get(this.#generation) ?? 0)
    return this.#knownNewest
  }

  keysOf(id: number): Float64Array {
    return this.#get(id).keys
  }

  /** Deletes lists that no row of the tail from one id up to another has. @param keys ascending */
  replace(keys: ArrayLike<number>, from: number, to: number): void {
    const list = encodeKeys(Float64Array.from(keys).subarray(0, MAX_SHARED))
    const { lastInsertRowid } = this.#insert.run(this.#generation, list)
    this.#deleteUnused.run(this.#generation, lastInsertRowid, from, to)
  }

  deleteAll(): void {
    this.#deleteAll.run(this.#generation)
  }

  deleteOthers(): void {
    this.#deleteOthers.run(this.#generation)
  }

  forget(): void {
    this.#known.clear()
    this.#knownNewest = undefined
  }

  /** @throws {StoreError} `STORE_CORRUPT` if it is not there @throws {PostingError} */
  #get(id: number): SharedTokens {
    const known = id === 0 ? NONE : this.#known.get(id)
    if (known !== undefined) return known
    const bytes = this.#byId.get(id)
    if (bytes === undefined) throw new StoreError('STORE_CORRUPT', 'a list of shared tokens is missing')
    const shared = { id, keys: decodeKeys(bytes) }
    this.#known.set(id, shared)
    return shared
  }
}
