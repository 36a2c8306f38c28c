/** An investigation as it is answered: what it says now, who said so and what proves it, and everything that was ever said. */
import type { DeviceId, TraceId } from '../../model/ids.ts'
import type { Change, EntryId, Status } from '../../model/investigation.ts'
import { deviceName } from '../device-name.ts'
import { describeTrace, type TraceListEntry } from '../trace-entry.ts'
import type { Evidence, MeshKnowledge, TraceSummaryRow } from '../trace-source.ts'
import { readInvestigation, type AuthoredEntry, type Investigation, type Standing } from './read-investigation.ts'
import type { StoredInvestigation } from './stored-investigation.ts'

/** Who wrote something: the device that sealed it, and what proves that. The time is what its clock said. */
export interface WrittenBy {
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly evidence: Evidence
  readonly atUnixMs: number
}
interface StatusView extends WrittenBy {
  readonly status: Status
}
interface SpanMark extends WrittenBy {
  readonly spanId: string
}
interface PartView {
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly self: boolean
  readonly entries: number
  readonly unread: number
  readonly omitted: number
  readonly refused: readonly { readonly code: string; readonly count: number }[]
}

/** One thing that was said. */
type EntryView = WrittenBy & Change & { readonly entry: EntryId; readonly over: readonly EntryId[] }

export interface InvestigationView {
  readonly traceId: TraceId
  /** Null where nothing of the trace is here. */
  readonly trace: TraceListEntry | null
  /** Null where nobody whose entries are here has set one. */
  readonly status: StatusView | null
  readonly besideStatus: readonly StatusView[]
  readonly notes: readonly (WrittenBy & { readonly note: EntryId; readonly text: string })[]
  readonly labels: readonly (WrittenBy & { readonly label: string })[]
  readonly pinned: readonly SpanMark[]
  readonly hidden: readonly SpanMark[]
  /** Everything that was ever said, by the time that its author's clock showed. */
  readonly history: readonly EntryView[]
  readonly devices: readonly PartView[]
  readonly unreadableChunks: number
}

export interface InvestigationSummary {
  readonly traceId: TraceId
  readonly trace: TraceListEntry | null
  readonly status: Status | null
  readonly notes: number
  readonly labels: readonly string[]
  readonly pinned: number
  readonly hidden: number
  readonly devices: readonly { readonly deviceId: DeviceId; readonly name: string }[]
  readonly changedUnixMs: number
}

/** What a trace's picture says of its investigation. */
export interface InvestigationMarks {
  readonly status: Status | null
  readonly notes: number
  readonly labels: readonly string[]
  readonly pinned: readonly string[]
  readonly hidden: readonly string[]
}

export function describeInvestigation(
  traceId: TraceId,
  stored: StoredInvestigation,
  row: TraceSummaryRow | undefined,
  knowledge: MeshKnowledge,
): InvestigationView {
  const { status, besideStatus, notes, labels, pinned, hidden, entries } = readInvestigation(stored.entries)
  const by = (entry: AuthoredEntry): WrittenBy => writtenBy(entry, knowledge)
  const toStatus = ({ value, by: entry }: Standing<Status>): StatusView => ({ status: value, ...by(entry) })
  const toMark = ({ value: spanId, by: entry }: Standing<string>): SpanMark => ({ spanId, ...by(entry) })
  return {
    traceId,
    trace: row === undefined ? null : describeTrace(row, knowledge),
    status: status === undefined ? null : toStatus(status),
    besideStatus: besideStatus.map(toStatus),
    notes: notes.map(({ value: text, by: entry }) => ({ note: entry.id, text, ...by(entry) })),
    labels: labels.map(({ value: label, by: entry }) => ({ label, ...by(entry) })),
    pinned: pinned.map(toMark),
    hidden: hidden.map(toMark),
    history: entries.map((entry) => describeEntry(entry, knowledge)),
    devices: partsOf(stored, knowledge),
    unreadableChunks: stored.unreadableChunks,
  }
}

export function describeEntry(entry: AuthoredEntry, knowledge: MeshKnowledge): EntryView {
  return { entry: entry.id, ...entry.change, over: entry.over, ...writtenBy(entry, knowledge) }
}

export function summarizeInvestigation(
  traceId: TraceId,
  stored: StoredInvestigation,
  row: TraceSummaryRow | undefined,
  knowledge: MeshKnowledge,
): InvestigationSummary {
  const investigation = readInvestigation(stored.entries)
  const { pinned, hidden, ...marks } = marksOf(investigation)
  return {
    traceId,
    trace: row === undefined ? null : describeTrace(row, knowledge),
    ...marks,
    pinned: pinned.length,
    hidden: hidden.length,
    devices: partsOf(stored, knowledge).map(({ deviceId, deviceName: name }) => ({ deviceId, name })),
    changedUnixMs: investigation.entries.at(-1)?.atUnixMs ?? 0,
  }
}

export function marksOf({ status, notes, labels, pinned, hidden }: Investigation): InvestigationMarks {
  return {
    status: status?.value ?? null,
    notes: notes.length,
    labels: labels.map(({ value }) => value),
    pinned: pinned.map(({ value }) => value),
    hidden: hidden.map(({ value }) => value),
  }
}

function writtenBy({ deviceId, evidence, atUnixMs }: AuthoredEntry, knowledge: MeshKnowledge): WrittenBy {
  return { deviceId, deviceName: deviceName(deviceId, knowledge), evidence, atUnixMs }
}

/** This device first, the others by id. */
function partsOf({ devices }: StoredInvestigation, knowledge: MeshKnowledge): readonly PartView[] {
  const rank = (deviceId: DeviceId): string => (deviceId === knowledge.self ? '' : deviceId)
  return [...devices]
    .sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
    .map(([deviceId, { entries, unread, omitted, refused }]) => ({
      deviceId,
      deviceName: deviceName(deviceId, knowledge),
      self: deviceId === knowledge.self,
      entries,
      unread,
      omitted,
      refused: [...refused].map(([code, count]) => ({ code, count })),
    }))
}
