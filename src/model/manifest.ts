/**
 * What an owner says to one device about what it shares: signed, numbered, sealed to that device; only the latest counts.
 * Layout: docs/spec/carry.md and src/wire/manifest.ts.
 */
import type { DeviceId, Incarnation, LogId, MeshId } from './ids.ts'

/** Most rows in each list of a manifest: far more logs than a device has. */
export const MAX_MANIFEST_ROWS = 1024
/** Most devices that a manifest names. */
export const MAX_MANIFEST_DEVICES = 256

/** Segments of a log that the recipient may see: the newest there was is `to`. */
export interface ManifestOffer {
  readonly log: LogId
  readonly incarnation: Incarnation
  readonly from: number
  readonly to: number
}
/** Segments of a log that the recipient may bring to a device; without `to`, also those still to come. */
export interface Route {
  readonly log: LogId
  readonly incarnation: Incarnation
  readonly device: DeviceId
  readonly from: number
  readonly to: number | undefined
}
export interface ManifestContent {
  readonly offers: readonly ManifestOffer[]
  readonly routes: readonly Route[]
  /** Other devices that may carry for the owner: what is carried may be passed on to them. */
  readonly carriers: readonly DeviceId[]
}
export interface ManifestHead {
  readonly mesh: MeshId
  readonly owner: DeviceId
  readonly recipient: DeviceId
  /** Counts from 1; of two the higher counts. */
  readonly n: number
  /** On the owner's clock. */
  readonly atUnixMs: number
  /** Entries of the owner's log for the recipient when it was made. */
  readonly entries: number
}
