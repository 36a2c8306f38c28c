/**
 * Whether one of the two databases is older than the other has seen it. Pure: the same evidence gives the same verdict.
 *
 * Each file remembers how far the other had come, so that putting back an older copy of one, or throwing away what it had
 * committed last, contradicts the other. Both put back together agree: only another device can notice that
 * (docs/spec/audit.md AU21).
 */

/** What the main database remembers. It is written after every leaf, and when a run begins and ends. */
export interface Vouch {
  /** Counts the beginnings and the ends of runs. The audit database keeps the same number, written second. */
  readonly generation: number
  /** No end of the run was written: its write-ahead log must be there. */
  readonly isRunning: boolean
  /** Size of the audit tree and its root then, in hex. */
  readonly auditSize: number
  readonly auditRoot: string
}

export interface RollbackEvidence {
  /** The audit log has just begun, in place of one that was damaged (AU26). */
  readonly isAuditNew: boolean
  /** Undefined in a database that no version which vouches has opened. */
  readonly vouch: Vouch | undefined
  /** Whether the main database had a write-ahead log before it was opened. */
  readonly hadLog: boolean
  /** Whether commits that this log held were lost, for a byte of it was altered. */
  readonly isLogDamaged: boolean
  readonly auditSize: number
  /** Root of the audit tree at `vouch.auditSize` leaves, in hex; undefined if it has fewer. */
  readonly auditRootThen: string | undefined
  /** The main database's generation, as the audit database knows it. */
  readonly storeGeneration: number
}

export type RollbackCode =
  'AUDIT_SET_ASIDE' | 'AUDIT_ROLLED_BACK' | 'STORE_ROLLED_BACK' | 'STORE_LOG_MISSING' | 'STORE_LOG_DAMAGED'

export function judgeRollback(evidence: RollbackEvidence): readonly RollbackCode[] {
  const { vouch, hadLog, isLogDamaged } = evidence
  const inLog = [
    ...(vouch?.isRunning === true && !hadLog ? (['STORE_LOG_MISSING'] as const) : []),
    ...(isLogDamaged ? (['STORE_LOG_DAMAGED'] as const) : []),
  ]
  // The first leaf of a log says why it begins. It knows nothing of the main database.
  if (evidence.isAuditNew) return ['AUDIT_SET_ASIDE', ...inLog]
  if (vouch === undefined) return evidence.storeGeneration > 0 ? ['STORE_ROLLED_BACK', ...inLog] : inLog
  return [
    ...(isAuditOlder(vouch, evidence) ? (['AUDIT_ROLLED_BACK'] as const) : []),
    ...(isStoreOlder(vouch, evidence) ? (['STORE_ROLLED_BACK'] as const) : []),
    ...inLog,
  ]
}

/** Its generation is written second: one behind is a kill in between. */
function isAuditOlder(vouch: Vouch, { auditRootThen, storeGeneration }: RollbackEvidence): boolean {
  return auditRootThen !== vouch.auditRoot || storeGeneration < vouch.generation - 1
}

/** A leaf is noted here before the next is written: one that is not noted is a kill in between, two are not. */
function isStoreOlder(vouch: Vouch, { auditSize, storeGeneration }: RollbackEvidence): boolean {
  return storeGeneration > vouch.generation || auditSize > vouch.auditSize + 1
}
