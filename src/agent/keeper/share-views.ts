/**
 * What decisions about sharing are made on: who is a member, what is granted, who is connected, and the time as the owner of
 * the records has it. And what follows at once: whether ours may leave, and which grants have no place any more.
 */
import type { Clock } from '../../base/clock.ts'
import type { DeviceId, GrantId } from '../../model/ids.ts'
import type { Membership } from '../../model/membership.ts'
import type { Stage } from '../../model/stage.ts'
import { closedFor, isFromBeforeRemoval, type ShareView } from '../../policy/decide-share.ts'
import { grantState } from '../../policy/grant-state.ts'
import { decideExit } from '../../policy/stage-gate.ts'
import type { ConsentService } from '../../sync/consent-service.ts'
import type { MembershipService } from '../../sync/membership-service.ts'
import type { OwnerClock } from '../../sync/owner-clock.ts'
import type { LiveGrants } from './live-grants.ts'
import type { PeerBook } from './peer-book.ts'
import type { Vouching } from './vouching.ts'

/** Read whenever something is decided: none of it need be there before. */
export interface ShareParts {
  readonly members: Pick<MembershipService, 'current'>
  readonly consents: Pick<ConsentService, 'records'>
  readonly peers: Pick<PeerBook, 'get'>
  readonly ownerClock: Pick<OwnerClock, 'now'>
  readonly vouching: Pick<Vouching, 'alarms'>
  readonly liveGrants: Pick<LiveGrants, 'revoke'>
  /** When an owner was heard last through carriers, on its clock. */
  readonly manifests?: { heardUnixMs(owner: DeviceId): number | undefined }
  readonly stage: Stage
}

export class ShareViews {
  readonly #clock: Pick<Clock, 'now'>
  readonly #self: DeviceId
  readonly #parts: ShareParts
  #connected: ReadonlySet<DeviceId> = new Set()

  constructor(clock: Pick<Clock, 'now'>, self: DeviceId, parts: ShareParts) {
    this.#clock = clock
    this.#self = self
    this.#parts = parts
  }

  get connected(): ReadonlySet<DeviceId> {
    return this.#connected
  }

  setConnected(devices: readonly DeviceId[]): void {
    this.#connected = new Set(devices)
  }

  /** For our records our own clock, for another owner's our best knowledge of theirs. */
  of(owner = this.#self): ShareView {
    const { members, consents, ownerClock, peers, manifests } = this.#parts
    const base = {
      membership: members.current(),
      grants: consents.records(),
      stageAllowsSharing: this.#isSharingAllowed(),
    }
    if (owner === this.#self) return { ...base, stageAllowsSharing: this.mayLeave(), nowUnixMs: ownerClock.now() }
    const { clock, lastSeenUnixMs } = peers.get(owner)
    const offsetMs = clock?.offsetMs ?? 0
    const nowUnixMs = this.#clock.now() + offsetMs
    const seenUnixMs = this.#connected.has(owner) ? nowUnixMs : (lastSeenUnixMs ?? 0) + offsetMs
    // No word of it can be from a time that has not come.
    const relayedUnixMs = Math.min(manifests?.heardUnixMs(owner) ?? 0, nowUnixMs)
    const lastHeardUnixMs = Math.max(seenUnixMs, relayedUnixMs)
    return { ...base, nowUnixMs, lastHeardUnixMs }
  }

  /** Whether records of this device may go to others at all. */
  mayLeave(): boolean {
    return this.#isSharingAllowed() && this.#parts.vouching.alarms().length === 0
  }

  hasEnded(grantId: GrantId): boolean {
    const record = this.#parts.consents.records().find(({ grant }) => grant.grantId === grantId)
    const state = record && grantState(record, this.of(record.grant.owner))
    return state === 'revoked' || state === 'expired' || state === 'void'
  }

  /** Grants that stage or membership leave no place: whatever came between, they end and do not come back with it. */
  endStrayGrants(membership: Membership): Promise<void> {
    // An alarm is no reason: what it closes opens again when it is accepted.
    const view = { membership, stageAllowsSharing: this.#isSharingAllowed() }
    return this.#parts.liveGrants.revoke(
      (grant) => closedFor(view, grant.owner, grant.recipient) !== undefined || isFromBeforeRemoval(grant, membership),
    )
  }

  #isSharingAllowed(): boolean {
    return decideExit(this.#parts.stage, 'share').allow
  }
}
