/**
 * Decides what an owner lets a carrier keep and pass on: a segment that some reader may see, under a grant to carry that
 * covers it. Carrying opens nothing (docs/spec/consent.md CO9), so it never widens who may read.
 *
 * Deny is the default. Pure, never throws. Rules: docs/spec/carry.md CA1 to CA3.
 */
import type { DeviceId } from '../model/ids.ts'
import { closedFor, coverDenial, decideShare, ended, type ShareRequest, type ShareView } from './decide-share.ts'

/** Room that a person may give to what is carried, in bytes: 1 MiB holds the control entries of a device, 1 TiB is no home's. */
export const CARRY_BYTES = { least: 1 << 20, most: 2 ** 40 } as const

/** May the carrier have this segment, to bring it to the recipient named? */
export interface CarryRequest extends ShareRequest {
  readonly carrier: DeviceId
}

export function mayCarry(view: ShareView, request: CarryRequest): boolean {
  const { owner, carrier, recipient } = request
  if (carrier === owner || carrier === recipient || closedFor(view, owner, carrier) !== undefined) return false
  const isCovered = carryGrants(view, owner, carrier).some((record) => coverDenial(record, view, request) === undefined)
  return isCovered && decideShare(view, request).effect === 'allow'
}

/**
 * - `open`: a grant to carry is in force: what it covers is taken, kept and passed on.
 * - `paused`: the owner has not been heard of for as long as the grant allows, or the stage is closed: what is kept stays,
 *   and nothing of it goes anywhere.
 * - `ended`: no grant to carry is left: what was kept under one is deleted.
 */
export type CarryStanding = 'open' | 'paused' | 'ended'

/** How a carrier stands with an owner, whatever its grants cover. */
export function carryStanding(view: ShareView, owner: DeviceId, carrier: DeviceId): CarryStanding {
  const { members } = view.membership
  if (!members.has(owner) || !members.has(carrier)) return 'ended'
  const denials = carryGrants(view, owner, carrier).map((record) => ended(record, view))
  if (denials.includes(undefined)) return view.stageAllowsSharing ? 'open' : 'paused'
  return denials.includes('GRANT_LAPSED') ? 'paused' : 'ended'
}

function carryGrants(view: ShareView, owner: DeviceId, carrier: DeviceId) {
  return [...view.grants].filter(
    ({ grant }) => grant.owner === owner && grant.recipient === carrier && grant.may === 'carry',
  )
}
