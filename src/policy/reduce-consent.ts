/**
 * What consent there is: consent operations, in any order and any number of times, to one record per grant.
 *
 * Deny wins: whatever names a grant's id beside its one grant operation can only take away. Never throws.
 * Precondition: signatures were verified against the owner each operation names.
 * Rules: docs/spec/consent.md CO1 to CO4.
 */
import type { ConsentOp, GrantOp, RevokeOp } from '../model/grant.ts'
import type { GrantId } from '../model/ids.ts'

export type VoidReason = 'UNKNOWN_CRITICAL' | 'CONFLICT'

export interface ConsentRecord {
  /** The grant; of several that claim its id, the one with the least operation id, to have something to show. */
  readonly grant: GrantOp
  /** The earliest operation that ended it; nothing undoes it. */
  readonly revokedBy: RevokeOp | undefined
  /** Why it never granted anything. */
  readonly void: VoidReason | undefined
}

/** Ids that only a revoke names are left out: there is nothing to show, and their grant comes as revoked. */
export function reduceConsent(ops: Iterable<ConsentOp>): ReadonlyMap<GrantId, ConsentRecord> {
  const grants = new Map<GrantId, GrantOp[]>()
  const revokes = new Map<GrantId, RevokeOp[]>()
  for (const op of ops) {
    if (op.kind === 'grant') listIn(grants, op.grantId).push(op)
    else listIn(revokes, op.grantId).push(op)
  }
  const ids = [...grants.keys()].sort()
  return new Map(ids.map((id) => [id, recordOf(grants.get(id) as GrantOp[], revokes.get(id) ?? [])]))
}

function recordOf(grants: GrantOp[], revokes: RevokeOp[]): ConsentRecord {
  grants.sort(byOpId)
  revokes.sort((a, b) => a.atUnixMs - b.atUnixMs || byOpId(a, b))
  return { grant: grants[0] as GrantOp, revokedBy: revokes[0], void: voidReasonOf(grants) }
}

function voidReasonOf(grants: readonly GrantOp[]): VoidReason | undefined {
  if (new Set(grants.map(({ opId }) => opId)).size > 1) return 'CONFLICT'
  return grants.some(({ unknownCritical }) => unknownCritical) ? 'UNKNOWN_CRITICAL' : undefined
}

function byOpId(a: ConsentOp, b: ConsentOp): number {
  if (a.opId === b.opId) return 0
  return a.opId < b.opId ? -1 : 1
}

function listIn<Op>(lists: Map<GrantId, Op[]>, id: GrantId): Op[] {
  const list = lists.get(id) ?? []
  lists.set(id, list)
  return list
}
