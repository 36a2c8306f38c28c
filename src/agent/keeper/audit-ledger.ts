/** Fits the audit log to what services write. Every leaf is noted in the main database before the next is written. */
import type { AuditLog } from '../../store/audit-log.ts'
import { isDiskTrouble } from '../../store/store-error.ts'
import type { Ledger, LedgerEntry } from '../../sync/ledger.ts'
import type { Vouching } from './vouching.ts'

/** What a leaf may carry as a reference as it is: an id or a hash. Anything else is a name and is hashed. */
const ID = /^(?:[0-9a-f]{2}){8,64}$/

type RefKind = Parameters<AuditLog['refOf']>[0]

/**
 * @param before called before each leaf; what it throws keeps the leaf from being written
 * @param after called with each entry once its leaf is written; never throws
 */
export function auditLedger(
  audit: AuditLog,
  vouching: Pick<Vouching, 'catchUp' | 'noteLeaf'>,
  before: () => void,
  after: (entry: LedgerEntry) => void = () => undefined,
): Ledger {
  const refOf = <Kind extends RefKind>({ kind, ref }: { readonly kind: Kind; readonly ref: string }) => ({
    kind,
    ref: leafRef(audit, kind, ref),
  })
  return {
    append(entry: LedgerEntry) {
      before()
      const { type, outcome, actor, object, trace, payload } = entry
      vouching.catchUp()
      audit.append({ type, outcome, actor: refOf(actor), object: object && refOf(object), trace, payload })
      noteIfThereIsRoom(vouching)
      after(entry)
    },
  }
}

/** The leaf is written: failing now would have it written again. It is noted before the next one. */
function noteIfThereIsRoom(vouching: Pick<Vouching, 'noteLeaf'>): void {
  try {
    vouching.noteLeaf()
  } catch (err) {
    if (!isDiskTrouble(err)) throw err
  }
}

/** How an id or a name stands in a leaf. */
export function leafRef(audit: Pick<AuditLog, 'refOf'>, kind: RefKind, ref: string): string {
  return ID.test(ref) ? ref : audit.refOf(kind, ref)
}
