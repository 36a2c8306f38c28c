/**
 * Errors of the store, and the one place where SQLite's result codes become ours.
 * Messages and details carry codes and counts, never SQL, keys, rows or paths.
 */
import Database from 'better-sqlite3'
import { codeOf, MeshError } from '../base/errors.ts'

export type StoreErrorCode =
  /** The key is not 32 bytes. */
  | 'STORE_BAD_KEY'
  /** The file was written under another key. */
  | 'STORE_WRONG_KEY'
  /** The file, or the SQLite build, does not encrypt. */
  | 'STORE_NOT_ENCRYPTED'
  /** A page is altered, missing or cut short. */
  | 'STORE_CORRUPT'
  /** Another connection holds the lock for longer than the busy timeout. */
  | 'STORE_LOCKED'
  /** A newer version of this program wrote the file. */
  | 'STORE_TOO_NEW'
  /** The file must exist and does not, or is empty. */
  | 'STORE_MISSING'
  /** The disk is full. */
  | 'STORE_FULL'
  /** The operating system refused to read or write. */
  | 'STORE_IO'
  /** Anything else SQLite reports: a mistake in this program. */
  | 'STORE_FAILED'

export class StoreError extends MeshError<StoreErrorCode> {}

/** First words of SQLite's result codes: `SQLITE_BUSY_SNAPSHOT` is a kind of `SQLITE_BUSY`. */
const BY_SQLITE_CODE: Readonly<Record<string, StoreErrorCode>> = {
  SQLITE_CORRUPT: 'STORE_CORRUPT',
  SQLITE_NOTADB: 'STORE_CORRUPT', // how the first page of an altered file reads; opening tells a wrong key apart
  SQLITE_BUSY: 'STORE_LOCKED',
  SQLITE_LOCKED: 'STORE_LOCKED',
  SQLITE_FULL: 'STORE_FULL',
  SQLITE_IOERR: 'STORE_IO',
  SQLITE_CANTOPEN: 'STORE_IO',
  SQLITE_READONLY: 'STORE_IO',
  SQLITE_PERM: 'STORE_IO',
}

/** Translates what SQLite or the file system threw; any other value is returned as it is. */
export function toStoreError(err: unknown): unknown {
  if (isSystemError(err)) {
    if (err.code === 'ENOSPC') return new StoreError('STORE_FULL', 'file system: ENOSPC', { cause: err })
    return new StoreError('STORE_IO', `file system: ${err.code}`, { cause: err, details: { system: err.code } })
  }
  if (!(err instanceof Database.SqliteError)) return err
  const family = err.code.split('_').slice(0, 2).join('_')
  const code = BY_SQLITE_CODE[family] ?? 'STORE_FAILED'
  return new StoreError(code, `database: ${err.code}`, { cause: err, details: { sqlite: err.code } })
}

/** A disk that may come right without anybody touching this program: full, read-only, failing. */
export function isDiskTrouble(err: unknown): boolean {
  const code = codeOf(toStoreError(err))
  return code === 'STORE_FULL' || code === 'STORE_IO'
}

/** Runs `work` and throws what it throws as a {@link StoreError} where SQLite is the source. */
export function asStoreErrors<T>(work: () => T): T {
  try {
    return work()
  } catch (err) {
    throw toStoreError(err)
  }
}

export function inFile<T>(name: string, work: () => T): T {
  try {
    return work()
  } catch (err) {
    throw namingFile(name, err)
  }
}

/** Says which file it is that is damaged: of two databases, a person has to know. Other errors as store errors. */
export function namingFile(name: string, cause: unknown): unknown {
  const error = toStoreError(cause)
  if (!(error instanceof StoreError && error.code === 'STORE_CORRUPT')) return error
  return new StoreError(error.code, `${name} is damaged (${error.message})`, { cause, details: error.details })
}

function isSystemError(err: unknown): err is Error & { readonly code: string } {
  return err instanceof Error && 'syscall' in err && 'code' in err && typeof err.code === 'string'
}
