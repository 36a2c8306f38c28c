/**
 * Membership: who is in the mesh, as signed operations that any order of delivery reduces to the same set.
 * Layout on the wire: docs/spec/control.md and src/wire/membership-op.ts.
 */
import type { DeviceId, MeshId, OpId } from './ids.ts'

/** What a device says of itself; trusted because the operation that carries it is signed by the device. */
export interface DeviceCard {
  readonly deviceId: DeviceId
  readonly name: string
  /** Raw Ed25519 public key of its libp2p identity, bound to the device by this card. */
  readonly peerKey: Uint8Array
  /** Raw X25519 public key that key hand-overs and consent are sealed to. */
  readonly sealKey: Uint8Array
}

interface OpBase {
  readonly opId: OpId
  readonly mesh: MeshId
  readonly author: DeviceId
  /** Heads of the author's view when it wrote this: every operation it knew is one of these or below them. */
  readonly heads: readonly OpId[]
  readonly atUnixMs: number
}

/** First operation of every mesh: a device alone, signed by itself. It has no heads. */
export interface FoundOp extends OpBase {
  readonly kind: 'found'
  readonly card: DeviceCard
}
/** A member takes in another device; signed by both. */
export interface AddOp extends OpBase {
  readonly kind: 'add'
  readonly card: DeviceCard
}
/** A member removes a device, or itself. */
export interface RemoveOp extends OpBase {
  readonly kind: 'remove'
  readonly subject: DeviceId
}
/** An operation whose signatures have been verified. */
export type MembershipOp = FoundOp | AddOp | RemoveOp

export interface Member {
  readonly card: DeviceCard
  /** The found or add operation that made it a member. */
  readonly since: OpId
  /** Every found or add operation that by itself makes it a member now, `since` among them; sorted. A removal ends all it had not seen. */
  readonly standing: readonly OpId[]
  readonly addedBy: DeviceId
  /** On the clock of the device that added it; for people. */
  readonly addedUnixMs: number
}

export interface Removal {
  readonly deviceId: DeviceId
  readonly by: DeviceId
  readonly opId: OpId
  /** On the clock of the device that removed it; for people. */
  readonly atUnixMs: number
}

export interface Membership {
  readonly members: ReadonlyMap<DeviceId, Member>
  readonly removed: readonly Removal[]
  /** Operations nothing refers to yet: the `heads` of the next operation. Sorted. */
  readonly heads: readonly OpId[]
}
