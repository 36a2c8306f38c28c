/** An audit log in a folder of its own, and the same file opened behind its back. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '../../../src/platform/node-crypto.ts'
import type { AuditEntry } from '../../../src/store/audit-entry.ts'
import { openAuditLog, type AuditLog, type AuditLogOptions } from '../../../src/store/audit-log.ts'
import { openEncrypted, type Database } from '../../../src/store/open-encrypted.ts'
import { manualClock, type ManualClock } from '../../support/manual-clock.ts'

export const START_MS = Date.UTC(2026, 10, 22, 18, 0, 0, 123)
export const DEVICE = 'aa'.repeat(32)
const FILE_KEY = new Uint8Array(32).fill(1)
export const PAYLOAD_KEY = new Uint8Array(32).fill(2)

export interface AuditFixture {
  readonly path: string
  readonly clock: ManualClock
  /** Opens the log as a new run of the agent. */
  open(options?: Partial<AuditLogOptions>): AuditLog
  /** What someone with the file's key can do to the tables while no agent runs. */
  tamper(work: (db: Database) => void): void
  remove(): void
}

export function auditFixture(): AuditFixture {
  const folder = mkdtempSync(join(tmpdir(), 'audit-log-'))
  const path = join(folder, 'audit.db')
  const clock = manualClock(START_MS)
  return {
    path,
    clock,
    open: (options) =>
      openAuditLog(
        { crypto: nodeCrypto, clock, bootId: nodeCrypto.randomBytes(8) },
        { path, key: FILE_KEY, payloadKey: PAYLOAD_KEY, ...options },
      ),
    tamper(work) {
      const db = openEncrypted(path, FILE_KEY)
      work(db)
      db.close()
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export function entry(change: Partial<AuditEntry> = {}): AuditEntry {
  return { type: 'key.created', outcome: 'success', actor: { kind: 'device', ref: DEVICE }, ...change }
}
