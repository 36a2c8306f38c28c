/**
 * What counts as damage to the audit log, in words that name the file and say what a person can do about it. A disk that is
 * full or fails, a lock, or a file of a newer version is no damage: it may come right with the log as it is.
 */
import { MeshError } from '../base/errors.ts'
import { toStoreError } from './store-error.ts'

const AUDIT_FILE = 'audit.db'
const WORDS: Readonly<Record<string, string>> = {
  STORE_CORRUPT: 'audit.db is damaged',
  STORE_WRONG_KEY: 'audit.db is not of this device, or is damaged at its beginning',
  STORE_NOT_ENCRYPTED: 'audit.db is not the encrypted file that was written',
  STORE_MISSING: 'audit.db is missing or empty',
  AUDIT_TREE_MISMATCH: 'audit.db was cut or extended',
  AUDIT_TREE_INVALID: 'audit.db is damaged',
}
const REMEDY =
  'Put back a copy of it; or begin a new audit log, which says so and keeps this file, with `aico-mesh audit set-aside`'

/** Its code, if the audit log's own content is what failed. */
export function auditDamageOf(err: unknown): string | undefined {
  const error = toStoreError(err)
  if (!(error instanceof MeshError) || !Object.hasOwn(WORDS, error.code)) return undefined
  // A program that cannot encrypt is no fault of the file.
  if (error.code === 'STORE_NOT_ENCRYPTED' && error.details['plain'] !== true) return undefined
  return error.code
}

/** Whether this came out of {@link inAuditFile}, because of damage. */
export function isAuditDamage(err: unknown): boolean {
  return err instanceof MeshError && err.details['file'] === AUDIT_FILE
}

/** Runs what needs the audit log. @throws what SQLite throws as StoreError; damage in words of its own */
export function inAuditFile<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const code = auditDamageOf(cause)
    const error = toStoreError(cause)
    if (code === undefined || !(error instanceof MeshError)) throw error
    throw new MeshError(code, `${WORDS[code]} (${error.message}). ${REMEDY}`, {
      cause,
      details: { ...error.details, file: AUDIT_FILE },
    })
  }
}
