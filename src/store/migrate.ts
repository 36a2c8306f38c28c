/**
 * Brings a database to the newest schema. Each migration is SQL, runs once, in order, in a transaction of its own;
 * `user_version` counts those done. Published migrations are never edited, only followed by new ones.
 */
import type { Database } from 'better-sqlite3'
import { asStoreErrors, StoreError } from './store-error.ts'

/** @throws StoreError STORE_TOO_NEW if the file knows more migrations than this program; nothing is changed then. */
export function migrate(db: Database, migrations: readonly string[]): void {
  asStoreErrors(() => {
    // Immediate: of two processes that start at once, the second waits and then finds the work done.
    const step = db.transaction(() => migrateOnce(db, migrations))
    while (!step.immediate());
  })
}

/** Runs the next migration, if there is one. @returns true once all are done. */
function migrateOnce(db: Database, migrations: readonly string[]): boolean {
  const version = db.pragma('user_version', { simple: true }) as number
  if (version > migrations.length) {
    throw new StoreError('STORE_TOO_NEW', 'a newer version wrote this database', {
      details: { version, known: migrations.length },
    })
  }
  const sql = migrations[version]
  if (sql === undefined) return true
  db.exec(sql)
  db.pragma(`user_version = ${version + 1}`)
  return false
}
