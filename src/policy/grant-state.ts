/**
 * Whether a grant lives now. Pure; an unknown time counts as past every limit.
 * Rules: docs/spec/consent.md CO5 to CO7.
 */
import type { GrantState } from '../model/grant.ts'
import type { ConsentRecord } from './reduce-consent.ts'

export interface GrantTime {
  /** The owner's clock: its own, kept from going back by a persisted high-water mark, or a reader's best estimate of it. */
  readonly nowUnixMs: number
  /** When a reader last heard from the owner, on the same clock. The owner itself leaves it out: it cannot lapse. */
  readonly lastHeardUnixMs?: number | undefined
}

const MS_PER_S = 1000

/** The first that applies, in the order a person would want to know: revoked, void, expired, lapsed, scheduled, active. */
export function grantState({ grant, revokedBy, void: reason }: ConsentRecord, time: GrantTime): GrantState {
  const { nowUnixMs, lastHeardUnixMs } = time
  if (revokedBy !== undefined) return 'revoked'
  if (reason !== undefined) return 'void'
  if (isPast(grant.untilUnixMs, nowUnixMs)) return 'expired'
  const leaseEnd = lastHeardUnixMs === undefined ? undefined : lastHeardUnixMs + grant.leaseS * MS_PER_S
  if (isPast(leaseEnd, nowUnixMs)) return 'lapsed'
  return grant.sinceUnixMs > nowUnixMs ? 'scheduled' : 'active'
}

/** A limit that is not a number, or a time that is not, has passed. */
function isPast(limitUnixMs: number | undefined, nowUnixMs: number): boolean {
  return limitUnixMs !== undefined && !(nowUnixMs < limitUnixMs)
}
