/**
 * A database with postings in it, whose statements can be made to fail: the nth from now on, inside whatever transaction it
 * falls. A process that dies there leaves the same: SQLite takes the transaction back.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database, Statement } from 'better-sqlite3'
import { openEncrypted } from '../../../../src/store/open-encrypted.ts'
import { PostingIndex, type PostingOptions } from '../../../../src/store/postings/posting-index.ts'
import { POSTING_SCHEMA } from '../../../../src/store/postings/posting-schema.ts'
import { POSTING_SIZES, type PostingSizes } from '../../../../src/store/postings/posting-sizes.ts'

const KEY = new Uint8Array(32).fill(9)
const SCHEMA = `${POSTING_SCHEMA}; CREATE TABLE segment (id INTEGER PRIMARY KEY)`

/** So small that a few dozen segments make parts of every level, each step does little, and each part has several blocks. */
export const SMALL: PostingSizes = {
  ...POSTING_SIZES,
  batchSegments: 4,
  partsOfLevel: 3,
  maxLevel: 3,
  blockBytes: 40,
  stepKeys: 1_040,
  stepSegments: 5,
  stepBlocks: 3,
}

export class Cut extends Error {}

export class PostingsFixture {
  db: Database
  index: PostingIndex
  readonly #folder = mkdtempSync(join(tmpdir(), 'postings-'))
  readonly #options: PostingOptions
  #statementsLeft = Number.POSITIVE_INFINITY

  constructor(options: PostingOptions = { sizes: SMALL }) {
    this.#options = options
    this.db = this.#open()
    this.db.exec(SCHEMA)
    this.index = this.openIndex()
  }

  /** The nth statement from now on fails, and so do all after it. */
  cutAt(nth: number): void {
    this.#statementsLeft = nth
  }

  mend(): void {
    this.#statementsLeft = Number.POSITIVE_INFINITY
  }

  /** Whether a cut was due. */
  get wasCut(): boolean {
    return this.#statementsLeft <= 0
  }

  openIndex(generation = 0): PostingIndex {
    const next = this.db.prepare<[number], number | null>('SELECT min(id) FROM segment WHERE id >= ?').pluck()
    const nextLive = (from: number): number | undefined => next.get(from) ?? undefined
    return new PostingIndex(this.#breakable(), { nextLive }, { ...this.#options, generation })
  }

  addSegment(segment: number): void {
    this.db.prepare('INSERT INTO segment VALUES (?)').run(segment)
  }

  deleteSegment(segment: number): void {
    this.db.prepare('DELETE FROM segment WHERE id = ?').run(segment)
  }

  /** As after the end of a process. */
  reopen(): void {
    this.mend()
    this.db.close()
    this.db = this.#open()
    this.index = this.openIndex()
  }

  count(table: 'posting_tail' | 'posting_part' | 'posting_block'): number {
    return this.db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() as number
  }

  remove(): void {
    this.db.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #open(): Database {
    const db = openEncrypted(join(this.#folder, 'postings.db'), KEY)
    db.pragma('synchronous = OFF') // power does not fail here
    return db
  }

  /** The database, but its statements count, and fail when it is time. */
  #breakable(): Database {
    const count = (): void => {
      if (--this.#statementsLeft <= 0) throw new Cut()
    }
    return new Proxy(this.db, {
      get: (db, name) => {
        const value: unknown = Reflect.get(db, name, db)
        if (name === 'prepare') return (sql: string) => breakable(db.prepare(sql), count)
        return typeof value === 'function' ? (value.bind(db) as unknown) : value
      },
    })
  }
}

function breakable(statement: Statement, count: () => void): Statement {
  return new Proxy(statement, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (name !== 'pluck') count()
        const answer: unknown = Reflect.apply(value, target, args)
        return answer === target ? breakable(target, count) : answer
      }
    },
  })
}
