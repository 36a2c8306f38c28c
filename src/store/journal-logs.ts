/** Which logs have batches in the journal, and how these go to another log before they are cut. */
import type { Database } from 'better-sqlite3'
import type { LogRowId } from './log-table.ts'

export function journaledLogs(db: Database): readonly LogRowId[] {
  return db.prepare<[], number>('SELECT DISTINCT log FROM journal ORDER BY log').pluck().all()
}

export function moveJournal(db: Database, from: LogRowId, to: LogRowId): void {
  db.prepare('UPDATE journal SET log = ? WHERE log = ?').run(to, from)
}
