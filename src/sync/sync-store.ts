/** What sessions ask of the keeper: every answer is a promise, and what it answers is already durable. */
import type { ClockOffset } from '../model/clock-history.ts'
import type { DeviceId, OpId } from '../model/ids.ts'
import type { DeviceCard, Membership } from '../model/membership.ts'
import type { MeshId } from '../model/ids.ts'
import type { ShareRequest } from '../policy/decide-share.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import type { AddressRow } from '../wire/sync-message-types.ts'
import type { CarryRequest } from '../policy/decide-carry.ts'
import type { CarryStore } from './carry-store.ts'
import type { ControlHead } from './seal-entries.ts'
import type { WantPlan } from './offer-book.ts'
import type { Sealed, ServedRun } from './serving.ts'

export interface PeerNews {
  /** Where it can be dialled, by its own word. */
  readonly addresses?: readonly string[]
  /** What of that is passed on to other members. */
  readonly said?: { readonly saidUnixMs: number; readonly addresses: readonly string[] }
  readonly lastSeenUnixMs?: number
  readonly syncedUnixMs?: number
  readonly pending?: number
  readonly clock?: ClockOffset & { readonly roundTripMs: number }
}

export interface SyncStore {
  /** Without it a session knows of no carriers. */
  readonly carry?: CarryStore
  rememberPeer(device: DeviceId, news: PeerNews): Promise<void>
  /** Where a device said itself that it is, then what each other member says of it. */
  addressesOf(
    device: DeviceId,
  ): Promise<{ readonly said: readonly string[]; readonly hinted: readonly (readonly string[])[] }>
  addressesToTell(to: DeviceId): Promise<readonly AddressRow[]>
  takeAddresses(from: DeviceId, rows: readonly AddressRow[]): Promise<void>

  membershipDigest(): Promise<Uint8Array>
  memberOpIds(): Promise<readonly OpId[]>
  memberOpsBeyond(known: readonly OpId[]): Promise<readonly Uint8Array[]>
  acceptMemberOps(ops: readonly Uint8Array[]): Promise<boolean>

  controlHeads(peer: DeviceId): Promise<{ readonly mine: ControlHead; readonly yours: ControlHead }>
  controlEntries(peer: DeviceId, fromSeq: number): Promise<readonly Uint8Array[]>
  acceptControlEntries(peer: DeviceId, entries: readonly Uint8Array[]): Promise<boolean>

  digestFor(peer: DeviceId): Promise<Uint8Array>
  rowsFor(peer: DeviceId): Promise<readonly HeadRow[]>
  readRun(peer: DeviceId, range: LogRange, budgetBytes: number): Promise<ServedRun | 'denied'>
  digestOf(peer: DeviceId): Promise<Uint8Array>
  takeOffer(peer: DeviceId, rows: readonly HeadRow[]): Promise<WantPlan>
  /** @param denied a range that the owner would not give: its log is left out until that may have changed */
  planWants(peer: DeviceId, denied?: LogRange): Promise<WantPlan>
  takeRun(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): Promise<void>
  forgetOffer(peer: DeviceId): Promise<void>
  /** Bodies that our disk has lost and this device may have. @param denied what it would not give */
  planRestore(peer: DeviceId, denied?: LogRange): Promise<readonly LogRange[]>
  takeRestored(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): Promise<void>

  /** Counts something a peer sent that was not taken. */
  refused(code: string, by?: DeviceId): Promise<void>
}

/** The state that connections and writes are judged by, always the latest, without waiting. */
export interface MeshView {
  self(): DeviceCard
  mesh(): MeshId
  membership(): Membership
  /** Whether a segment may leave for its reader now: the same decision as everywhere, asked just before writing. */
  mayLeave(request: ShareRequest | CarryRequest): boolean
}
