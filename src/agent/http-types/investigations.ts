/** Investigations as the agent answers them. docs/spec/documents.md. */
import type { InvestigationStatus, Provenance, TraceListEntry } from './traces.ts'

/** Who wrote something: the device that sealed it, and what proves that. The time is what its clock said. */
export interface WrittenBy {
  readonly deviceId: string
  readonly deviceName: string
  readonly evidence: Exclude<Provenance, 'conflict'>
  readonly atUnixMs: number
}
export interface InvestigationStatusView extends WrittenBy {
  readonly status: InvestigationStatus
}
export interface NoteView extends WrittenBy {
  /** Names the note. */
  readonly note: string
  readonly text: string
}
export interface SpanMarkView extends WrittenBy {
  readonly spanId: string
}

/** What an entry said. `isSet: false` takes back; so does a note without text. */
export type InvestigationChange =
  | { readonly about: 'note'; readonly text: string | null }
  | { readonly about: 'status'; readonly status: InvestigationStatus }
  | { readonly about: 'label'; readonly label: string; readonly isSet: boolean }
  | { readonly about: 'pin' | 'hide'; readonly spanId: string; readonly isSet: boolean }

/** What a device wrote in an investigation, and what of it is not shown. */
export interface InvestigationPart {
  readonly deviceId: string
  readonly deviceName: string
  readonly self: boolean
  readonly entries: number
  /** Of a newer version of this program, or nonsense. */
  readonly unread: number
  /** Beyond what one device may write in one investigation. */
  readonly omitted: number
  /** Updates that are not what they have to be. */
  readonly refused: readonly { readonly code: string; readonly count: number }[]
}

/** `investigate TRACE` */
export interface InvestigationView {
  readonly traceId: string
  /** Null where nothing of the trace is here. */
  readonly trace: TraceListEntry | null
  /** Null where nobody whose entries are here has set one. */
  readonly status: InvestigationStatusView | null
  /** Set at the same time by devices that were apart. */
  readonly besideStatus: readonly InvestigationStatusView[]
  readonly notes: readonly NoteView[]
  readonly labels: readonly (WrittenBy & { readonly label: string })[]
  readonly pinned: readonly SpanMarkView[]
  readonly hidden: readonly SpanMarkView[]
  /** Everything that was ever said; `over` names entries that one takes the place of. */
  readonly history: readonly (WrittenBy &
    InvestigationChange & { readonly entry: string; readonly over: readonly string[] })[]
  readonly devices: readonly InvestigationPart[]
  readonly unreadableChunks: number
}

/** The answer to a change: what the investigation says then. */
export interface InvestigationEdited extends InvestigationView {
  /** False where it said so already. */
  readonly isChanged: boolean
}

/** `investigate list` */
export interface InvestigationSummary {
  readonly traceId: string
  readonly trace: TraceListEntry | null
  readonly status: InvestigationStatus | null
  readonly notes: number
  readonly labels: readonly string[]
  readonly pinned: number
  readonly hidden: number
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly changedUnixMs: number
}
export interface InvestigationList {
  readonly investigations: readonly InvestigationSummary[]
}
