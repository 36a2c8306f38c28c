/**
 * Investigations of this device: opening one, and what the person changes in it. Each change is durable when it is answered;
 * that one was opened or closed is audited before it is.
 */
import { toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { MeshError } from '../../base/errors.ts'
import type { DeviceId, TraceId } from '../../model/ids.ts'
import {
  ENTRY_ID_BYTES,
  MAX_BYTES_OF_DEVICE,
  MAX_ENTRIES_OF_DEVICE,
  MAX_OVER,
  type Change,
  type Entry,
  type EntryId,
  type Status,
} from '../../model/investigation.ts'
import {
  readInvestigation,
  standingAbout,
  type AuthoredEntry,
  type Investigation,
} from '../../query/investigation/read-investigation.ts'
import type { StoredInvestigation } from '../../query/investigation/stored-investigation.ts'
import type { Ledger, LedgerEntry } from '../../sync/ledger.ts'
import { encodeDocumentRecord, KIND_INVESTIGATION, MAX_RECORD_UNIX_MS } from '../../wire/documents/document-record.ts'
import { encodeEntries } from '../../wire/documents/entry-update.ts'
import { CLIENT_ID_BYTES } from '../../wire/documents/yjs-update.ts'

export type InvestigationErrorCode =
  /** Nobody whose notes are here has opened one for this trace. */
  | 'INVESTIGATION_NOT_FOUND'
  /** No trace here has this id, and no investigation. */
  | 'TRACE_NOT_FOUND'
  /** No note of this device begins like that. */
  | 'NOTE_NOT_FOUND'
  | 'NOTE_AMBIGUOUS'
  /** This device has written as much in it as one may. */
  | 'INVESTIGATION_FULL'
export class InvestigationError extends MeshError<InvestigationErrorCode> {}

/** What a person does. `note` names a note of this device by the start of its id: the text takes its place, null takes it back. */
export type Edit =
  | Exclude<Change, { readonly about: 'note' }>
  | { readonly about: 'note'; readonly text: string | null; readonly note?: string | undefined }

export interface InvestigationsDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly crypto: Pick<Crypto, 'randomBytes'>
  readonly self: DeviceId
  readonly ledger: Ledger
  /** Durable on return. @throws {StoreError} */
  readonly keep: (payload: Uint8Array) => void
}

const NOTHING: StoredInvestigation = { entries: [], devices: new Map(), unreadableChunks: 0 }

/** @param stored what is here of it, if anything. @returns whether something changed. @throws {InvestigationError}, {StoreError} */
export function applyEdit(
  deps: InvestigationsDeps,
  traceId: TraceId,
  stored: StoredInvestigation = NOTHING,
  edit?: Edit,
): boolean {
  const now = readInvestigation(stored.entries)
  const opening: readonly Change[] = now.status === undefined ? [{ about: 'status', status: 'open' }] : []
  const wanted = edit === undefined ? [] : [toChange(edit)].filter((change) => !isSo(now, change))
  const changes = [...opening.filter(() => !wanted.some(({ about }) => about === 'status')), ...wanted]
  if (changes.length === 0) return false
  const times = freeTimes(deps, stored.entries, changes.length)
  const entries = changes.map((change, i) =>
    toEntry(deps, stored.entries, change, times[i] as number, replacedNote(deps, now, edit, change)),
  )
  const payload = toPayload(deps, traceId, entries)
  requireRoom(deps, stored, entries, payload)
  for (const change of changes) audit(deps, traceId, now.status?.value, change)
  deps.keep(payload)
  return true
}

function toChange(edit: Edit): Change {
  return edit.about === 'note' ? { about: 'note', text: edit.text } : edit
}

/** Whether it is said already: saying it again would be one more entry, and no news. */
function isSo(now: Investigation, change: Change): boolean {
  switch (change.about) {
    case 'note':
      return false
    case 'status':
      return now.status?.value === change.status && now.besideStatus.length === 0
    case 'label':
      return now.labels.some(({ value }) => value === change.label) === change.isSet
    case 'pin':
      return now.pinned.some(({ value }) => value === change.spanId) === change.isSet
    case 'hide':
      return now.hidden.some(({ value }) => value === change.spanId) === change.isSet
  }
}

/** Notes stand beside each other: one takes the place of another only where that is named. */
function replacedNote(
  { self }: InvestigationsDeps,
  { notes }: Investigation,
  edit: Edit | undefined,
  change: Change,
): readonly EntryId[] | undefined {
  if (change.about !== 'note') return undefined
  const start = edit?.about === 'note' ? edit.note : undefined
  if (start === undefined) return []
  const found = notes.filter(({ by }) => by.deviceId === self && by.id.startsWith(start.toLowerCase()))
  const [note, second] = found
  if (note === undefined) throw new InvestigationError('NOTE_NOT_FOUND', 'no note of this device begins like that')
  if (second !== undefined) throw new InvestigationError('NOTE_AMBIGUOUS', 'several notes begin like that: give more')
  return [note.by.id]
}

/** Now, and the milliseconds after it that this device has not used: its entries are shown in the order they were written. */
function freeTimes(
  { clock, self }: InvestigationsDeps,
  all: readonly AuthoredEntry[],
  count: number,
): readonly number[] {
  const used = new Set(all.filter(({ deviceId }) => deviceId === self).map(({ atUnixMs }) => atUnixMs))
  const times: number[] = []
  for (
    let time = Math.min(Math.floor(clock.now()), MAX_RECORD_UNIX_MS - used.size - count);
    times.length < count;
    time++
  ) {
    if (!used.has(time)) times.push(time)
  }
  return times
}

function toEntry(
  { crypto, self }: InvestigationsDeps,
  all: readonly AuthoredEntry[],
  change: Change,
  atUnixMs: number,
  over: readonly EntryId[] | undefined,
): Entry {
  return {
    id: toHex(crypto.randomBytes(ENTRY_ID_BYTES)),
    change,
    atUnixMs,
    over: over ?? standingAbout(all, change, self).slice(-MAX_OVER),
  }
}

function toPayload({ crypto }: InvestigationsDeps, subject: TraceId, entries: readonly Entry[]): Uint8Array {
  const update = encodeEntries(entries, crypto.randomBytes(CLIENT_ID_BYTES))
  const atUnixMs = Math.max(...entries.map((entry) => entry.atUnixMs))
  return encodeDocumentRecord({ kind: KIND_INVESTIGATION, subject, atUnixMs, update })
}

function requireRoom(
  { self }: InvestigationsDeps,
  { devices }: StoredInvestigation,
  added: readonly Entry[],
  payload: Uint8Array,
): void {
  const { entries = 0, bytes = 0 } = devices.get(self) ?? {}
  if (entries + added.length <= MAX_ENTRIES_OF_DEVICE && bytes + payload.length <= MAX_BYTES_OF_DEVICE) return
  throw new InvestigationError('INVESTIGATION_FULL', 'this device has written as much in it as one may', {
    details: { entries, bytes, MAX_ENTRIES_OF_DEVICE, MAX_BYTES_OF_DEVICE },
  })
}

function audit({ ledger, self }: InvestigationsDeps, traceId: TraceId, from: Status | undefined, change: Change): void {
  if (change.about !== 'status') return
  const isOpen = (status: Status | undefined): boolean => status === 'open'
  if (isOpen(from) === isOpen(change.status) && from !== undefined) return
  const entry: LedgerEntry = {
    type: isOpen(change.status) ? 'investigation.opened' : 'investigation.closed',
    outcome: 'success',
    actor: { kind: 'user', ref: self },
    object: { kind: 'data', ref: traceId },
    payload: { traceId, status: change.status },
  }
  ledger.append(entry)
}
