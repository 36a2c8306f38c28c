/**
 * Which grants of an owner to one device stand, and whether one of them already says what is asked for.
 * Pure, never throws. Rules: docs/spec/consent.md CO16, CO17.
 */
import type { GrantOp } from '../model/grant.ts'
import type { DeviceId } from '../model/ids.ts'
import { grantState, type GrantTime } from './grant-state.ts'
import type { ConsentRecord } from './reduce-consent.ts'

export interface Parties {
  readonly owner: DeviceId
  readonly recipient: DeviceId
}
export type GrantTerms = Parties &
  Pick<GrantOp, 'may' | 'lanes' | 'modules' | 'parts' | 'sinceUnixMs' | 'untilUnixMs' | 'purpose'>

/** Grants in force, or in force later without anybody doing more; the oldest first. */
export function standingGrants(
  records: Iterable<ConsentRecord>,
  { owner, recipient }: Parties,
  time: GrantTime,
): readonly GrantOp[] {
  return [...records]
    .filter(({ grant }) => grant.owner === owner && grant.recipient === recipient)
    .filter((record) => ['active', 'scheduled'].includes(grantState(record, time)))
    .map(({ grant }) => grant)
    .sort((a, b) => a.atUnixMs - b.atUnixMs || (a.grantId < b.grantId ? -1 : 1))
}

/** The standing grant that another with these terms would only repeat: it opens the same, from no later, until the same end. */
export function sameGrant(records: Iterable<ConsentRecord>, terms: GrantTerms, time: GrantTime): GrantOp | undefined {
  return standingGrants(records, terms, time).find(
    (grant) =>
      grant.may === terms.may &&
      grant.purpose === terms.purpose &&
      grant.sinceUnixMs <= terms.sinceUnixMs &&
      grant.untilUnixMs === terms.untilUnixMs &&
      isSameList(grant.lanes, terms.lanes) &&
      isSameList(grant.modules, terms.modules) &&
      isSameList(grant.parts, terms.parts),
  )
}

/** No list is everything, and so equal to no list only. */
function isSameList(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const [of, others] = [new Set(a), new Set(b)]
  return of.size === others.size && [...of].every((each) => others.has(each))
}
