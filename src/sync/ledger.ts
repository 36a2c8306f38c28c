/** What the mesh writes to the audit log. Declared here, kept elsewhere; every append is durable on return. */
import type { AuditType, Outcome } from '../audit/audit-types.ts'
import type { ActorKind, ObjectKind } from '../audit/leaf.ts'

/** `ref` is an id in hex, or a name, which the log turns into a keyed hash before it stands in a leaf. */
export interface LedgerEntry {
  readonly type: AuditType
  readonly outcome: Outcome
  readonly actor: { readonly kind: ActorKind; readonly ref: string }
  readonly object?: { readonly kind: ObjectKind; readonly ref: string }
  /** The span that it happened in. */
  readonly trace?: { readonly traceId: string; readonly spanId: string } | undefined
  /** Encrypted beside the leaf: the only place for names and words. */
  readonly payload?: Readonly<Record<string, string | number | boolean | null>>
}
export interface Ledger {
  append(entry: LedgerEntry): void
}
