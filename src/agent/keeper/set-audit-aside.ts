/**
 * Takes a damaged audit log out of the way, so that a new one can begin: its files stay beside it under another name.
 * Must not: touch a log that is whole, whatever a person wants to get rid of, or delete anything (docs/spec/audit.md, AU26).
 */
import { existsSync, renameSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { MeshError } from '../../base/errors.ts'
import { syncFolder } from '../../platform/sync-folder.ts'
import { auditDamageOf } from '../../store/audit-damage.ts'
import { openAuditLog, type AuditLogDeps, type AuditLogOptions } from '../../store/audit-log.ts'

export type SetAsideErrorCode =
  /** The audit log opens and verifies. */
  'AUDIT_NOT_DAMAGED'
export class SetAsideError extends MeshError<SetAsideErrorCode> {}

export interface SetAside {
  /** What is wrong with it. */
  readonly damage: string
  /** Name it is kept under; undefined if there was no file. */
  readonly kept: string | undefined
}

/** A database, its write-ahead log, and the index of that. */
const SUFFIXES = ['', '-wal', '-shm']

/** @throws {SetAsideError}; what opening throws where it is no damage, such as a failing disk */
export function setAuditAside(deps: AuditLogDeps, options: AuditLogOptions): SetAside {
  const damage = findDamage(deps, options)
  if (damage === undefined) {
    throw new SetAsideError('AUDIT_NOT_DAMAGED', 'audit.db is whole: only a damaged audit log is set aside')
  }
  return { damage, kept: moveAside(options.path) }
}

/** Reads all of it. @returns the code of what is wrong */
function findDamage(deps: AuditLogDeps, options: AuditLogOptions): string | undefined {
  try {
    const log = openAuditLog(deps, { ...options, mustExist: true })
    try {
      const verdict = log.verify()
      return verdict.ok ? undefined : verdict.code
    } finally {
      log.close()
    }
  } catch (err) {
    const code = auditDamageOf(err)
    if (code === undefined) throw err
    return code
  }
}

/** The database first: after a kill in between, what is left of it is no log that could be taken for a whole one. */
function moveAside(path: string): string | undefined {
  const there = SUFFIXES.filter((suffix) => existsSync(path + suffix))
  if (there.length === 0) return undefined
  const kept = freeName(path)
  for (const suffix of there) renameSync(path + suffix, kept + suffix)
  syncFolder(dirname(path))
  return basename(kept)
}

function freeName(path: string): string {
  for (let n = 1; ; n++) {
    const name = `${path}.damaged-${n}`
    if (!SUFFIXES.some((suffix) => existsSync(name + suffix))) return name
  }
}
