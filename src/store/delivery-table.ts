/** Which batches of a module's stream are committed. A few rows a stream: what its module will not send again is forgotten. */
import type { Database, Statement } from 'better-sqlite3'
import type { Delivery } from '../model/delivery.ts'

/** Most batches remembered of a module: a few of each of its processes, for years. The oldest go. */
export const MAX_DELIVERIES_OF_MODULE = 4_096
/** Additions between two looks at that limit. */
const LOOK_EVERY = 256

export class DeliveryTable {
  readonly #has: Statement<[string, string, number, number], 1>
  readonly #add: Statement<[string, string, number, number, number]>
  readonly #forgetBelow: Statement<[string, string, number]>
  readonly #forgetOldest: Statement<[string, number]>
  #added = 0

  constructor(db: Database) {
    this.#has = db
      .prepare<[string, string, number, number], 1>(
        'SELECT 1 FROM delivery WHERE module = ? AND stream = ? AND (n = ? OR oldest > ?) LIMIT 1',
      )
      .pluck()
    this.#add = db.prepare('INSERT OR IGNORE INTO delivery VALUES (?, ?, ?, ?, ?)')
    this.#forgetBelow = db.prepare('DELETE FROM delivery WHERE module = ? AND stream = ? AND n < ?')
    this.#forgetOldest = db.prepare(
      `DELETE FROM delivery WHERE (module, stream, n) IN (
         SELECT module, stream, n FROM delivery WHERE module = ? ORDER BY stored_ms DESC LIMIT -1 OFFSET ?)`,
    )
  }

  /** Or will not come again, as its sender said: then this one was under way for long. */
  has(module: string, { stream, n }: Delivery): boolean {
    return this.#has.get(module, stream, n, n) !== undefined
  }

  /** In the transaction that commits the batch. */
  add(module: string, { stream, n, oldest }: Delivery, nowMs: number): void {
    this.#add.run(module, stream, n, oldest, Math.floor(nowMs))
    this.#forgetBelow.run(module, stream, oldest)
    if (++this.#added % LOOK_EVERY === 0) this.#forgetOldest.run(module, MAX_DELIVERIES_OF_MODULE)
  }
}
