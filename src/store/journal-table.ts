/** Records that are acknowledged and not yet in a segment, in the order they came. */
import type { Database, Statement } from 'better-sqlite3'
import type { LogRowId } from './log-table.ts'

export interface JournalRow {
  readonly id: number
  readonly log: LogRowId
  readonly epoch: number
  readonly payload: Uint8Array
}

export class JournalTable {
  readonly #insert: Statement
  readonly #delete: Statement
  readonly #all: Statement<[], JournalRow>

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO journal (log, epoch, admitted_ms, payload) VALUES (?, ?, ?, ?)')
    this.#delete = db.prepare('DELETE FROM journal WHERE id = ?')
    this.#all = db.prepare('SELECT id, log, epoch, payload FROM journal ORDER BY id')
  }

  /** @returns its id */
  insert({ log, epoch, payload }: Omit<JournalRow, 'id'>, admittedMs: number): number {
    return Number(this.#insert.run(log, epoch, admittedMs, payload).lastInsertRowid)
  }

  delete(id: number): void {
    this.#delete.run(id)
  }

  all(): readonly JournalRow[] {
    return this.#all.all()
  }
}
