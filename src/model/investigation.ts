/**
 * An investigation: what people write about a trace, on any of their devices, offline too. Its id is the trace's: who begins
 * one for the same trace on two devices has begun the same one. It is a set of entries; nothing in it is ever overwritten.
 * Layout and rules: docs/spec/documents.md.
 */
import { toSpanId, type SpanId } from './ids.ts'

export const STATUSES = ['open', 'solved', 'dismissed'] as const
export type Status = (typeof STATUSES)[number]

/** Longest note, in UTF-8 bytes: a page of text. */
export const MAX_NOTE_BYTES = 4_096
/** Longest label, in UTF-8 bytes: a few words. */
export const MAX_LABEL_BYTES = 64
/** Most entries that one takes the place of: more were never set at the same time by the devices of a household. */
export const MAX_OVER = 32
/** Most entries of one device in one investigation: far more than a person writes. */
export const MAX_ENTRIES_OF_DEVICE = 1_000
/** Room for all entries of one device in one investigation, in bytes as they were sealed. */
export const MAX_BYTES_OF_DEVICE = 524_288

/** Random, 16 hex digits. */
export type EntryId = string
export const ENTRY_ID_BYTES = 8
const ENTRY_ID = /^[0-9a-f]{16}$/

/** What an entry says. `isSet: false` takes back; so does a note without text. */
export type Change =
  | { readonly about: 'note'; readonly text: string | null }
  | { readonly about: 'status'; readonly status: Status }
  | { readonly about: 'label'; readonly label: string; readonly isSet: boolean }
  | { readonly about: 'pin' | 'hide'; readonly spanId: SpanId; readonly isSet: boolean }

export interface Entry {
  readonly id: EntryId
  readonly change: Change
  /** On the clock of the device that wrote it. */
  readonly atUnixMs: number
  /** Entries about the same thing that its writer saw and that it takes the place of. */
  readonly over: readonly EntryId[]
}

export function isEntryId(value: unknown): value is EntryId {
  return typeof value === 'string' && ENTRY_ID.test(value)
}

export function isStatus(value: unknown): value is Status {
  return STATUSES.includes(value as Status)
}

/** One form only: lowercase, as every id that is compared. */
export function isSpanId(value: unknown): value is SpanId {
  return typeof value === 'string' && toSpanId(value) === value
}
