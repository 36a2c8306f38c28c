/** What is stored of an investigation: entries by author, and what of each author's could not be read. */
import type { DeviceId } from '../../model/ids.ts'
import type { AuthoredEntry } from './read-investigation.ts'

export interface DevicePart {
  readonly entries: number
  /** Of its updates, as they were sealed. */
  readonly bytes: number
  /** Entries of a newer version, or nonsense. */
  readonly unread: number
  /** Entries beyond what one device may have in an investigation. */
  readonly omitted: number
  /** Updates that were not what they have to be, by code. */
  readonly refused: ReadonlyMap<string, number>
}

export interface StoredInvestigation {
  readonly entries: readonly AuthoredEntry[]
  readonly devices: ReadonlyMap<DeviceId, DevicePart>
  /** Stored chunks that may be of it and cannot be read. */
  readonly unreadableChunks: number
}
