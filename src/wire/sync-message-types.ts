/** The messages of a sync session as values. Layouts: docs/spec/sync.md; meaning and order: docs/spec/reconcile.md. */
import type { DeviceId, MeshId, OpId } from '../model/ids.ts'
import type { HeadRow, LogRange } from './log-rows.ts'

/** Versions of the protocol that this program speaks, ascending; a session goes by the highest in common. */
export const SYNC_VERSIONS: readonly number[] = [1, 2, 3]
/** The version that brought `addresses`; a device of an older one would end the session over it. */
export const ADDRESSES_VERSION = 2
/** The version that brought what carriers say: `relay-offer` and all behind it, and digests of what is carried. */
export const CARRY_VERSION = 3

// Every list is bounded so that a full one of the largest elements still fits one frame of 2 MiB.
/** Most protocol versions in a hello. */
export const MAX_SYNC_VERSIONS = 16
/** Most membership operations a mesh can have, and ids in one `members`. */
export const MAX_MEMBER_OP_IDS = 4096
/** Most membership operations in one `member-ops`; more go into the next. */
export const MAX_MEMBER_OPS = 512
/** Most control entries in one `control-entries`; more go into the next. */
export const MAX_CONTROL_ENTRIES = 31
/** Most rows in one `heads`, `want` or `ack`; more heads go into the next. */
export const MAX_ROWS = 2048
/** Most devices in one `addresses`, far more than a person has; more go into the next. */
export const MAX_ADDRESS_ROWS = 256
/** Most control entries, and most manifests, in one `relay`; more go into the next. */
export const MAX_RELAYED_ENTRIES = 15
export const MAX_RELAYED_MANIFESTS = 8

/** Last entry of a control log that somebody has. */
export interface ControlHead {
  readonly seq: number
  readonly id: Uint8Array
}

/** First message of both sides. */
export interface HelloMessage {
  readonly type: 'hello'
  /** Protocol versions the sender speaks. */
  readonly versions: readonly number[]
  readonly mesh: MeshId
  readonly deviceId: DeviceId
  /** Equal digests: both know the same membership operations. */
  readonly membershipDigest: Uint8Array
  /** Multiaddrs at which the sender can be dialled: only the lower key of a pair dials, so it has to know. */
  readonly addresses: readonly string[]
}
/** Every membership operation the sender has. */
export interface MembersMessage {
  readonly type: 'members'
  readonly opIds: readonly OpId[]
}
/** Membership operations the other side lacks, as envelopes of membership-op.ts. */
export interface MemberOpsMessage {
  readonly type: 'member-ops'
  readonly ops: readonly Uint8Array[]
}
export interface ControlHeadsMessage {
  readonly type: 'control-heads'
  /** Head of the log the sender writes for the other side. */
  readonly mine: ControlHead | undefined
  /** Head the sender holds of the log the other side writes for it. */
  readonly yours: ControlHead | undefined
}
/** Entries of the log the sender writes for the other side, ascending, as envelopes of control-entry.ts. */
export interface ControlEntriesMessage {
  readonly type: 'control-entries'
  readonly entries: readonly Uint8Array[]
}
/** Digest over the heads in scope. */
export interface HeadsDigestMessage {
  readonly type: 'heads-digest'
  readonly digest: Uint8Array
  /** Digest over what goes through carriers: what the sender carries, or gives the other side to carry. */
  readonly carried?: Uint8Array | undefined
}
/** The digests differ: send your heads. */
export interface HeadsWantedMessage {
  readonly type: 'heads-wanted'
}
/** The digests are equal. */
export interface InSyncMessage {
  readonly type: 'in-sync'
}
export interface HeadsMessage {
  readonly type: 'heads'
  readonly rows: readonly HeadRow[]
  /** False while more rows follow. */
  readonly last: boolean
  /** As in `heads-digest`, with the last rows: the digest that holds once these rows are taken. */
  readonly carried?: Uint8Array | undefined
  /** True: these rows are for the other side to carry, not to read. */
  readonly toCarry?: boolean | undefined
}
export interface WantMessage {
  readonly type: 'want'
  readonly ranges: readonly LogRange[]
  /** Sealed bytes the sender is ready to take before it asks again. */
  readonly budgetBytes: number
}
/** One segment, as stored: header bytes and sealed body. */
export interface SegmentMessage {
  readonly type: 'segment'
  readonly header: Uint8Array
  readonly sealed: Uint8Array
}
/**
 * The segments just sent, ascending, are this run. A signed head vouches for its last id, or the `prev` of a header
 * that the reader already trusts.
 */
export interface RunEndMessage extends LogRange {
  readonly type: 'run-end'
}
export const WANT_END_REASONS = ['done', 'denied', 'budget'] as const
export type WantEndReason = (typeof WANT_END_REASONS)[number]
export interface WantEndMessage {
  readonly type: 'want-end'
  readonly reason: WantEndReason
}
/** Runs the sender has committed. */
export interface AckMessage {
  readonly type: 'ack'
  readonly rows: readonly LogRange[]
}
/** Times are Unix microseconds, each on its writer's clock. */
export interface PingMessage {
  readonly type: 'ping'
  readonly t1: number
}
export interface PongMessage {
  readonly type: 'pong'
  /** As in the ping. */
  readonly t1: number
  /** When the ping arrived. */
  readonly t2: number
  /** When this left. */
  readonly t3: number
}
/** Where a device said that it can be dialled, as the sender heard it from the device itself. */
export interface AddressRow {
  readonly deviceId: DeviceId
  /** When the device said so, on the sender's clock. */
  readonly saidUnixMs: number
  /** Multiaddrs; none: it can no longer be dialled. */
  readonly addresses: readonly string[]
}
/** Where other members are. Hints: they say where to dial, the link proves who is there. */
export interface AddressesMessage {
  readonly type: 'addresses'
  readonly rows: readonly AddressRow[]
}
/** How much there is of what one owner says to one device. */
export interface RelayRow {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  /** Entries of the owner's log for the recipient. */
  readonly entries: number
  /** Number of the owner's manifest for the recipient; 0 without one. */
  readonly manifest: number
}
/** What the sender could pass on to the other side. */
export interface RelayOfferMessage {
  readonly type: 'relay-offer'
  readonly rows: readonly RelayRow[]
}
/** How much the sender holds of what it was offered: the rest is sent, and later what is new. */
export interface RelayWantMessage {
  readonly type: 'relay-want'
  readonly rows: readonly RelayRow[]
}
/** Control entries and manifests of any owner, as they came; each names owner and recipient. */
export interface RelayMessage {
  readonly type: 'relay'
  readonly entries: readonly Uint8Array[]
  readonly manifests: readonly Uint8Array[]
}
/** A carrier's word to the owner that it keeps a run, as custody-receipt.ts has it. */
export interface ReceiptMessage {
  readonly type: 'receipt'
  readonly receipt: Uint8Array
}
/** Why a carrier takes nothing more of the other side's now. */
export interface CarryRefusedMessage {
  readonly type: 'carry-refused'
  readonly code: string
}
/** The session ends for a reason the other side may act on. */
export interface RefuseMessage {
  readonly type: 'refuse'
  readonly code: string
}
/** The session ends. */
export interface ByeMessage {
  readonly type: 'bye'
}

export type SyncMessage =
  | HelloMessage
  | MembersMessage
  | MemberOpsMessage
  | ControlHeadsMessage
  | ControlEntriesMessage
  | HeadsDigestMessage
  | HeadsWantedMessage
  | InSyncMessage
  | HeadsMessage
  | WantMessage
  | SegmentMessage
  | RunEndMessage
  | WantEndMessage
  | AckMessage
  | PingMessage
  | PongMessage
  | RefuseMessage
  | ByeMessage
  | AddressesMessage
  | RelayOfferMessage
  | RelayWantMessage
  | RelayMessage
  | ReceiptMessage
  | CarryRefusedMessage
