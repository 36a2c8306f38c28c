/**
 * What is stored of investigations, journal included: entries with who wrote them, as their segments prove it. Updates of
 * others are judged here each time they are read, one by one: what is refused is counted and loses nothing else.
 */
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { idBytes, type DeviceId, type TraceId } from '../../model/ids.ts'
import { MAX_BYTES_OF_DEVICE, MAX_ENTRIES_OF_DEVICE } from '../../model/investigation.ts'
import type { DevicePart, StoredInvestigation } from '../../query/investigation/stored-investigation.ts'
import type { AuthoredEntry } from '../../query/investigation/read-investigation.ts'
import { mergeSorted } from '../../query/merge-sorted.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { OpenRecords, SegmentWriter } from '../../store/segment-writer.ts'
import type { Store } from '../../store/store.ts'
import { decodeDocumentRecords, KIND_INVESTIGATION, type DocumentRecord } from '../../wire/documents/document-record.ts'
import { traceToken } from '../../wire/index/token.ts'
import { MAX_UNIX_NANO } from '../../wire/otlp/limits.ts'
import { WireError } from '../../wire/wire-error.ts'
import { ChunkOpener } from './chunk-opener.ts'
import { readUpdate } from './read-update.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** Segments looked into between two yields: about a millisecond. */
const SEGMENTS_PER_STEP = 16
/** Most investigations that are known by their trace at once. */
export const MAX_INVESTIGATIONS = 10_000
/** Updates of one device in one investigation that are looked at: each that is right has an entry at least. */
const MAX_UPDATES_OF_DEVICE = MAX_ENTRIES_OF_DEVICE
/** Segments looked through for a list, the newest: whoever may write here must not be able to hold up whoever reads. */
export const MAX_LISTED_SEGMENTS = 8_192
/** Segments of which is remembered what they are about, so that a list opens none twice: some 100 bytes each. */
const MAX_REMEMBERED = 2 * MAX_LISTED_SEGMENTS
const ALL_TIMES = { from: -1n, to: MAX_UNIX_NANO }

export class StoredDocuments {
  readonly #store: Store
  readonly #writer: Pick<SegmentWriter, 'openBatches'>
  readonly #newOpener: () => ChunkOpener
  readonly #subjects = new Map<SegmentRowId, readonly TraceId[]>()

  constructor(crypto: Crypto, store: Store, writer: Pick<SegmentWriter, 'openBatches'>, sealer: SegmentSealer) {
    this.#store = store
    this.#writer = writer
    this.#newOpener = () => new ChunkOpener(crypto, store, sealer)
  }

  /** @returns undefined if nothing of it is here */
  *of(traceId: TraceId): Steps<StoredInvestigation | undefined> {
    const collected = new Collected(traceId)
    const open = this.#writer.openBatches('documents')
    const { segments, postings } = this.#store
    const upTo = segments.lastId()
    const opener = this.#newOpener()
    for (const [i, id] of postings.tokens.find(traceToken(idBytes(traceId))).entries()) {
      if ((i + 1) % SEGMENTS_PER_STEP === 0) yield
      const log = id <= upTo ? this.#documentLog(id) : undefined
      if (log === undefined) continue
      if (collected.hasEnoughOf(log.author)) collected.leaveOut(log.author, segments.times(id)?.records ?? 0)
      else collected.add(yield* opener.open(id, log))
    }
    for (const batch of open) collected.add(toChunk(batch))
    return collected.result()
  }

  /** Traces that an investigation is here of, those that were changed last first. */
  *traceIds(): Steps<readonly TraceId[]> {
    const found = new Set<TraceId>()
    const opener = this.#newOpener()
    const open = this.#writer.openBatches('documents').toReversed()
    for (const batch of open) addTo(found, subjectsOf(batch.payload))
    let looked = 0
    for (const { id, log } of this.#newestSegments()) {
      if (found.size >= MAX_INVESTIGATIONS || looked === MAX_LISTED_SEGMENTS) break
      if (++looked % SEGMENTS_PER_STEP === 0) yield
      addTo(found, this.#subjects.get(id) ?? (yield* this.#readSubjects(id, log, opener)))
    }
    return [...found]
  }

  /** What cannot be read now is looked at again: its body may come back. */
  *#readSubjects(id: SegmentRowId, log: StoredLog, opener: ChunkOpener): Steps<readonly TraceId[]> {
    const chunk = yield* opener.open(id, log)
    const subjects = chunk === undefined ? [] : subjectsOf(chunk.payload)
    if (this.#subjects.size >= MAX_REMEMBERED) this.#subjects.clear()
    if (subjects.length > 0) this.#subjects.set(id, subjects)
    return subjects
  }

  #documentLog(id: SegmentRowId): StoredLog | undefined {
    const { segments, logs } = this.#store
    const rowId = segments.logOf(id)
    const log = rowId === undefined ? undefined : logs.byRow(rowId)
    return log?.lane === 'documents' ? log : undefined
  }

  #newestSegments(): Iterable<{ readonly id: SegmentRowId; readonly log: StoredLog }> {
    const { segments, logs } = this.#store
    const upTo = segments.lastId()
    const sources = logs.ofLane('documents').map(function* (log) {
      for (const { id, maxUnixNano } of segments.latest(log.rowId, ALL_TIMES, upTo)) yield { id, maxUnixNano, log }
    })
    return mergeSorted(sources, (a, b) => (a.maxUnixNano > b.maxUnixNano ? -1 : a.maxUnixNano < b.maxUnixNano ? 1 : 0))
  }
}

type WritablePart = { -readonly [Field in keyof DevicePart]: DevicePart[Field] } & {
  readonly refused: Map<string, number>
  /** Looked at, whatever they were. */
  updates: number
}

class Collected {
  readonly #traceId: TraceId
  readonly #entries: AuthoredEntry[] = []
  readonly #devices = new Map<DeviceId, WritablePart>()
  #unreadableChunks = 0

  constructor(traceId: TraceId) {
    this.#traceId = traceId
  }

  hasEnoughOf(device: DeviceId): boolean {
    return (this.#devices.get(device)?.updates ?? 0) >= MAX_UPDATES_OF_DEVICE
  }

  /** Not even opened. */
  leaveOut(device: DeviceId, records: number): void {
    this.#partOf(device).omitted += records
  }

  /** @param chunk undefined for one that is gone */
  add(chunk: StoredChunk | undefined): void {
    if (chunk === undefined) return
    const records = recordsOf(chunk.payload)
    if (records === undefined) {
      this.#unreadableChunks++
      return
    }
    for (const record of records) if (record.subject === this.#traceId) this.#addUpdate(chunk, record)
  }

  result(): StoredInvestigation | undefined {
    const isNothing = this.#devices.size === 0 && this.#unreadableChunks === 0
    if (isNothing) return undefined
    return { entries: this.#entries, devices: this.#devices, unreadableChunks: this.#unreadableChunks }
  }

  #addUpdate({ deviceId, provenance }: StoredChunk, record: DocumentRecord): void {
    const part = this.#partOf(deviceId)
    if (this.hasEnoughOf(deviceId)) {
      part.omitted++
      return
    }
    part.updates++
    const read = readUpdate(record)
    if (typeof read === 'string') {
      part.refused.set(read, (part.refused.get(read) ?? 0) + 1)
      return
    }
    part.unread += read.unread
    // An update is taken whole or not at all, or its order of entries would decide.
    const isRoom =
      part.entries + read.entries.length <= MAX_ENTRIES_OF_DEVICE &&
      part.bytes + record.update.length <= MAX_BYTES_OF_DEVICE
    if (!isRoom) {
      part.omitted += read.entries.length
      return
    }
    part.entries += read.entries.length
    part.bytes += record.update.length
    for (const entry of read.entries) this.#entries.push({ ...entry, deviceId, evidence: provenance })
  }

  #partOf(deviceId: DeviceId): WritablePart {
    const part = this.#devices.get(deviceId) ?? nothingWritten()
    this.#devices.set(deviceId, part)
    return part
  }
}

function nothingWritten(): WritablePart {
  return { updates: 0, entries: 0, bytes: 0, unread: 0, omitted: 0, refused: new Map() }
}

/** Not chained yet: nothing but this device's word, and its encrypted file, stands behind it. */
function toChunk({ log, payload }: OpenRecords): StoredChunk {
  return { deviceId: log.author, module: log.module, provenance: 'unverified', payload }
}

function subjectsOf(payload: Uint8Array): readonly TraceId[] {
  return [...new Set(recordsOf(payload)?.map(({ subject }) => subject))]
}

function addTo(found: Set<TraceId>, subjects: readonly TraceId[]): void {
  for (const subject of subjects) if (found.size < MAX_INVESTIGATIONS) found.add(subject)
}

/** Of investigations. Undefined for a payload that cannot be read. */
function recordsOf(payload: Uint8Array): readonly DocumentRecord[] | undefined {
  try {
    return decodeDocumentRecords(payload).filter(({ kind }) => kind === KIND_INVESTIGATION)
  } catch (err) {
    if (err instanceof WireError) return undefined
    throw err
  }
}
