/** What sessions ask of the keeper where something goes through carriers; without it a device speaks no version that has them. */
import type { DeviceId } from '../model/ids.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import type { RelayRow } from '../wire/sync-message-types.ts'
import type { CarryPlan } from './carry-shelf.ts'
import type { RelayItems } from './relaying.ts'
import type { Sealed, ServedRun } from './serving.ts'

/** What goes to a device through carriers, or to a carrier for others. */
export interface CarriedOffer {
  readonly toRead: readonly HeadRow[]
  readonly toCarry: readonly HeadRow[]
  /** Over all of these rows; undefined for none. */
  readonly digest: Uint8Array | undefined
}

export interface CarryStore {
  offerFor(peer: DeviceId): Promise<CarriedOffer>
  readCarried(peer: DeviceId, range: LogRange, budgetBytes: number): Promise<ServedRun | 'denied'>
  takeOfferToCarry(peer: DeviceId, rows: readonly HeadRow[]): Promise<void>
  /** @param denied a range that the other side would not give */
  planCarry(peer: DeviceId, denied?: LogRange): Promise<CarryPlan>
  /** @returns the receipt, for the author of what was kept */
  takeCarried(peer: DeviceId, range: LogRange, segments: readonly Sealed[]): Promise<Uint8Array>
  forgetOfferToCarry(peer: DeviceId): Promise<void>
  /** The digest of what a device offered as carried when all of it had been taken. */
  digestSeen(peer: DeviceId): Promise<Uint8Array | undefined>
  /** All that a device offered has been taken. */
  tookAll(peer: DeviceId, digest: Uint8Array | undefined): Promise<void>
  /** Runs that a reader says it has. */
  acknowledged(reader: DeviceId, rows: readonly LogRange[]): Promise<void>
  /** What is here of that which a device has offered of others. */
  heldOfOffered(peer: DeviceId): Promise<readonly LogRange[]>

  relayOffer(peer: DeviceId): Promise<readonly RelayRow[]>
  relayHeld(peer: DeviceId, rows: readonly RelayRow[]): Promise<readonly RelayRow[]>
  relayItems(peer: DeviceId, row: RelayRow): Promise<RelayItems>
  /** @returns whether anything was new */
  takeRelay(peer: DeviceId, entries: readonly Uint8Array[], manifests: readonly Uint8Array[]): Promise<boolean>

  takeReceipt(carrier: DeviceId, receipt: Uint8Array): Promise<void>
  takeCarryRefusal(carrier: DeviceId, code: string): Promise<void>
}
