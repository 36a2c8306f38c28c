/**
 * One agent a home: a lock that the operating system takes back when its holder dies, however it dies. A successor waits
 * a moment, since a killed agent needs one to be gone.
 */
import Database from 'better-sqlite3'
import { codeOf, MeshError } from '../base/errors.ts'
import { toStoreError } from '../store/store-error.ts'

export type HomeLockErrorCode = 'HOME_IN_USE'
export class HomeLockError extends MeshError<HomeLockErrorCode> {}

/** Time to wait for a predecessor that is ending, in milliseconds. */
export const LOCK_WAIT_MS = 5_000

/** Open locks of this process: a connection that nobody refers to is garbage, and its collection would end the lock. */
const held = new Set<Database.Database>()

/** @returns a function that gives the home up. @throws {HomeLockError} `HOME_IN_USE`, {StoreError} */
export function lockHome(path: string, waitMs = LOCK_WAIT_MS): () => void {
  const db = new Database(path, { timeout: waitMs })
  try {
    // SQLite's file lock is the only thing used of it; nothing is ever stored here, so a full disk is no hindrance.
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    db.close()
    const err = toStoreError(cause)
    if (codeOf(err) !== 'STORE_LOCKED') throw err
    throw new HomeLockError('HOME_IN_USE', 'another aico-mesh is running in this home', { cause })
  }
  held.add(db)
  return () => {
    held.delete(db)
    db.close()
  }
}
