/** Fits the audit log to what services write, and checks at start that every leaf's operation is there. */
import type { AuditLog } from '../../store/audit-log.ts'
import type { Ledger, LedgerEntry } from '../../sync/ledger.ts'

/** What a leaf may carry as a reference as it is: an id or a hash. Anything else is a name and is hashed. */
const ID = /^(?:[0-9a-f]{2}){8,64}$/

export function auditLedger(audit: AuditLog): Ledger {
  const refOf = <Kind extends Parameters<AuditLog['refOf']>[0]>(thing: {
    readonly kind: Kind
    readonly ref: string
  }) => ({
    kind: thing.kind,
    ref: ID.test(thing.ref) ? thing.ref : audit.refOf(thing.kind, thing.ref),
  })
  return {
    append(entry: LedgerEntry) {
      const { type, outcome, actor, object, payload } = entry
      audit.append({ type, outcome, actor: refOf(actor), object: object && refOf(object), payload })
    },
  }
}

/** Types whose object is an operation that is stored after the leaf. */
const OPERATIONS = [
  'consent.granted',
  'consent.revoked',
  'consent.received',
  'consent.withdrawn',
  'membership.added',
  'membership.removed',
] as const

/**
 * A crash between leaf and operation leaves a leaf that promises what never happened; a second leaf says so.
 * @param from first leaf not checked yet
 * @returns the first leaf to check next time
 */
export function reconcile(audit: AuditLog, self: string, from: number, isKept: (opId: string) => boolean): number {
  const missing = [...audit.leavesSince(from)].flatMap(({ leaf }) =>
    (OPERATIONS as readonly string[]).includes(leaf.type) && leaf.object && !isKept(leaf.object.ref)
      ? [leaf.object]
      : [],
  )
  for (const { kind, ref } of missing) {
    audit.append({
      type: 'audit.reconciled',
      outcome: 'failure',
      actor: { kind: 'device', ref: self },
      object: { kind: kind === 'consent' ? 'consent' : 'membership', ref },
      payload: { reason: 'the operation was not completed' },
    })
  }
  return audit.size()
}
