/**
 * Decides whether one segment of an owner may be with one reader: asked before every chunk is sent, and again, with the
 * same words, when it is received.
 *
 * Deny is the default. Pure, never throws: the same view and request give the same answer on both devices.
 * Rules: docs/spec/consent.md CO8 to CO11.
 */
import type { DeviceId, GrantId, OpId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { GrantOp } from '../model/grant.ts'
import type { Membership } from '../model/membership.ts'
import { grantState, type GrantTime } from './grant-state.ts'
import type { ConsentRecord } from './reduce-consent.ts'

export interface ShareView extends GrantTime {
  readonly membership: Pick<Membership, 'members'>
  /** Grants from the owner to the recipient; others may be among them and are not looked at. */
  readonly grants: Iterable<ConsentRecord>
  /** Whether the stage of the device that asks lets records leave or come at all (stage-gate.ts). */
  readonly stageAllowsSharing: boolean
}

/** Between whom, and the operations that made them members. */
export type GrantStanding = Pick<GrantOp, 'owner' | 'ownerSince' | 'recipient' | 'recipientSince'>

export interface ShareRequest {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly lane: Lane
  readonly module: string
  readonly part: string
  /** Start of the segment's epoch, on the owner's clock. */
  readonly epochStartedUnixMs: number
}

/** Nearest to an allow first: of several grants, the reason reported is the one that came closest. */
const DENY_REASONS = [
  'OUTSIDE_WINDOW',
  'GRANT_LAPSED',
  'GRANT_EXPIRED',
  'GRANT_REVOKED',
  'GRANT_BEFORE_REMOVAL',
  'GRANT_VOID',
  'OUTSIDE_SCOPE',
  'CARRY_ONLY',
  'NO_GRANT',
] as const

export type ShareDenial = 'STAGE' | 'NOT_A_MEMBER' | (typeof DENY_REASONS)[number]

export type ShareDecision =
  | { readonly effect: 'allow'; readonly grantIds: readonly GrantId[] }
  | { readonly effect: 'deny'; readonly reason: ShareDenial }

export function decideShare(view: ShareView, request: ShareRequest): ShareDecision {
  const closed = closedFor(view, request.owner, request.recipient)
  if (closed !== undefined) return { effect: 'deny', reason: closed }

  const grantIds: GrantId[] = []
  let nearest: ShareDenial & (typeof DENY_REASONS)[number] = 'NO_GRANT'
  for (const record of view.grants) {
    const denial = denialOf(record, view, request)
    if (denial === undefined) grantIds.push(record.grant.grantId)
    else if (DENY_REASONS.indexOf(denial) < DENY_REASONS.indexOf(nearest)) nearest = denial
  }
  return grantIds.length > 0 ? { effect: 'allow', grantIds: grantIds.sort() } : { effect: 'deny', reason: nearest }
}

/** Why nothing at all may pass between the two, whatever was granted. */
export function closedFor(
  view: Pick<ShareView, 'membership' | 'stageAllowsSharing'>,
  owner: DeviceId,
  recipient: DeviceId,
): 'STAGE' | 'NOT_A_MEMBER' | undefined {
  if (!view.stageAllowsSharing) return 'STAGE'
  const { members } = view.membership
  return members.has(owner) && members.has(recipient) ? undefined : 'NOT_A_MEMBER'
}

/**
 * Whether owner or recipient has been removed since the grant was made: the operation that made it a member then no longer
 * does, even if another does by the time anybody hears of the removal (docs/spec/consent.md CO19).
 */
export function isFromBeforeRemoval(
  { owner, ownerSince, recipient, recipientSince }: GrantStanding,
  { members }: Pick<Membership, 'members'>,
): boolean {
  const stands = (device: DeviceId, since: OpId): boolean => members.get(device)?.standing.includes(since) ?? false
  return !stands(owner, ownerSince) || !stands(recipient, recipientSince)
}

export type GrantDenial = 'GRANT_REVOKED' | 'GRANT_VOID' | 'GRANT_EXPIRED' | 'GRANT_LAPSED' | 'GRANT_BEFORE_REMOVAL'

/** Why this grant, as a whole, lets its recipient read nothing now. */
export function unreadable(
  record: ConsentRecord,
  view: GrantTime & Pick<ShareView, 'membership'>,
): 'CARRY_ONLY' | GrantDenial | undefined {
  return record.grant.may === 'see' ? ended(record, view) : 'CARRY_ONLY'
}

/** Why this grant, whatever it is for, allows nothing now. */
export function ended(record: ConsentRecord, view: GrantTime & Pick<ShareView, 'membership'>): GrantDenial | undefined {
  switch (grantState(record, view)) {
    case 'revoked':
      return 'GRANT_REVOKED'
    case 'void':
      return 'GRANT_VOID'
    case 'expired':
      return 'GRANT_EXPIRED'
    case 'lapsed':
      return 'GRANT_LAPSED'
    // Scheduled opens no epoch that exists: the window says so, and a reader whose clock is behind is not turned away.
    case 'scheduled':
    case 'active':
      return isFromBeforeRemoval(record.grant, view.membership) ? 'GRANT_BEFORE_REMOVAL' : undefined
  }
}

/** An epoch lies in a window if it started in it. */
export function isInWindow(
  { sinceUnixMs, untilUnixMs }: { readonly sinceUnixMs: number; readonly untilUnixMs: number | undefined },
  startedUnixMs: number,
): boolean {
  return startedUnixMs >= sinceUnixMs && (untilUnixMs === undefined || startedUnixMs < untilUnixMs)
}

function denialOf(
  record: ConsentRecord,
  view: ShareView,
  request: ShareRequest,
): (typeof DENY_REASONS)[number] | undefined {
  const { grant } = record
  if (grant.owner !== request.owner || grant.recipient !== request.recipient) return 'NO_GRANT'
  if (grant.may !== 'see') return 'CARRY_ONLY'
  return coverDenial(record, view, request)
}

/** Why a grant of the right parties and kind allows nothing of a segment. */
export function coverDenial(
  record: ConsentRecord,
  view: GrantTime & Pick<ShareView, 'membership'>,
  request: Pick<ShareRequest, 'lane' | 'module' | 'part' | 'epochStartedUnixMs'>,
): 'OUTSIDE_SCOPE' | 'OUTSIDE_WINDOW' | GrantDenial | undefined {
  const { grant } = record
  const covers =
    grant.lanes.includes(request.lane) &&
    (grant.modules?.includes(request.module) ?? true) &&
    (grant.parts?.includes(request.part) ?? true)
  if (!covers) return 'OUTSIDE_SCOPE'
  return ended(record, view) ?? (isInWindow(grant, request.epochStartedUnixMs) ? undefined : 'OUTSIDE_WINDOW')
}
