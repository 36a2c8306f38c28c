/** What the consent of this device asks of storage: sealed entries in logs, what was handed to whom, keys that came. */
import type { DeviceId, GrantId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { KeyHandover } from '../wire/key-handover.ts'
import type { HandoverStore } from './plan-handover.ts'
import type { SealedEntry } from './seal-entries.ts'

export interface KeptEntry {
  readonly owner: DeviceId
  readonly recipient: DeviceId
  readonly seq: number
  readonly entryId: Uint8Array
  readonly kind: 'consent' | 'keys'
  readonly bytes: Uint8Array
  readonly opened: Uint8Array | undefined
}
/** A key that was handed to this device, and the logs it was told of with it. */
export interface HandedToUs {
  readonly owner: DeviceId
  readonly handover: KeyHandover
}

export interface ConsentStore extends HandoverStore {
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T
  consentEntries(): readonly KeptEntry[]
  entries(owner: DeviceId, recipient: DeviceId, fromSeq: number): readonly KeptEntry[]
  lastEntry(owner: DeviceId, recipient: DeviceId): KeptEntry | undefined
  insertEntry(entry: KeptEntry): void
  insertHanded(recipient: DeviceId, grantId: GrantId, lane: Lane, n: number, what: string): void
  receiveKeys(handed: HandedToUs): void
  /** Notes the logs a hand-over names; outside a transaction. */
  receiveLogs(handed: HandedToUs): void
}

/** An entry as it is kept: what travels, beside what only its two devices can read. */
export function toKept({ entry, entryId, bytes, plaintext }: SealedEntry): KeptEntry {
  const { owner, recipient, seq, kind } = entry
  return { owner, recipient, seq, entryId, kind, bytes, opened: plaintext }
}
