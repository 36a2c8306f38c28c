/** Blocks of points and roll-ups, by the number that says their tier, hour and series. */
import type { Database, Statement } from 'better-sqlite3'

export class MetricBlockTable {
  readonly #get: Statement<[number], { bytes: Uint8Array }>
  readonly #put: Statement
  readonly #deletePage: Statement
  readonly #totals: Statement<[], { blocks: number; bytes: number }>

  constructor(db: Database) {
    this.#get = db.prepare('SELECT bytes FROM metric_block WHERE id = ?')
    this.#put = db.prepare(
      'INSERT INTO metric_block VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes',
    )
    this.#deletePage = db.prepare(
      'DELETE FROM metric_block WHERE id IN (SELECT id FROM metric_block WHERE id BETWEEN ? AND ? LIMIT ?)',
    )
    this.#totals = db.prepare('SELECT count(*) AS blocks, coalesce(sum(length(bytes)), 0) AS bytes FROM metric_block')
  }

  get(id: number): Uint8Array | undefined {
    return this.#get.get(id)?.bytes
  }

  put(id: number, bytes: Uint8Array): void {
    this.#put.run(id, bytes)
  }

  /** At most `limit` of a range, both ends included. @returns how many went */
  deletePage(from: number, to: number, limit: number): number {
    return this.#deletePage.run(from, to, limit).changes
  }

  totals(): { readonly blocks: number; readonly bytes: number } {
    return this.#totals.get() as { blocks: number; bytes: number }
  }
}
