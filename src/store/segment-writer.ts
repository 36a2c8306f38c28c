/**
 * This device's own records on their way to disk. `append` returns once every batch is committed, in the journal or in
 * a segment; a segment is cut from what a log has open when it is full, when it is due, or when told to.
 *
 * Memory mirrors the journal (it is small: one open slice a log) and changes only after the commit, so a transaction
 * that fails, on a full disk for example, leaves both as they were.
 */
import type { Clock } from '../base/clock.ts'
import type { StoredLane } from '../model/lane.ts'
import type { Digest, TraceEntry } from '../wire/index/digest.ts'
import { digestOfPayload } from '../wire/index/payload-digest.ts'
import type { JournalTable } from './journal-table.ts'
import type { LogRowId, LogTable, StoredLog } from './log-table.ts'
import type { SegmentCutter } from './segment-cutter.ts'
import type { Store } from './store.ts'

/** A segment is cut at this many records: what a signature and a chunk on the wire are worth. */
export const CUT_RECORDS = 256
/** A segment is cut at this many payload bytes, before compression. */
export const CUT_BYTES = 65_536
/** A segment of documents is cut at this many edits: what is worth merging. */
export const CUT_EDITS = 64

/** Records of one log and one epoch; payloads are complete records of their lane, so batches concatenate. */
export interface LocalBatch {
  readonly log: StoredLog
  readonly epoch: number
  readonly payload: Uint8Array
  readonly digest: Digest
}

export interface SegmentWriterDeps {
  readonly transaction: Store['transaction']
  readonly clock: Clock
  readonly journal: Pick<JournalTable, 'insert' | 'delete' | 'all'>
  readonly logs: Pick<LogTable, 'byRow'>
  readonly cutter: Pick<SegmentCutter, 'cut'>
  /**
   * Called after the commit of a segment that is its log's first in an epoch, as far as this run knows: readers who may
   * see it have neither its key nor, perhaps, the log's name.
   */
  readonly onFirstOfEpoch: () => void
}

interface OpenBatch {
  readonly journalId: number | undefined
  readonly payload: Uint8Array
  readonly digest: Digest
}
/** Records that are acknowledged and not yet in a segment. */
export interface OpenRecords {
  readonly log: StoredLog
  readonly payload: Uint8Array
  readonly digest: Digest
}
interface OpenLog {
  readonly log: StoredLog
  readonly epoch: number
  readonly batches: readonly OpenBatch[]
  /** Monotonic time at which the oldest open batch came. */
  readonly sinceMs: number
}

export class SegmentWriter {
  readonly #deps: SegmentWriterDeps
  #open = new Map<LogRowId, OpenLog>()
  readonly #lastCut = new Map<LogRowId, { readonly epoch: number; readonly atMs: number }>()

  constructor(deps: SegmentWriterDeps) {
    this.#deps = deps
    this.#recover()
  }

  /**
   * Commits the batches together: durable and visible to the next query on return.
   * @param also what belongs into the same transaction
   * @returns whether segments were cut
   * @throws {StoreError} for a disk that is full or fails: nothing has changed then
   */
  append(batches: readonly LocalBatch[], also?: () => void): boolean {
    return this.#commit(batches, isFull, also)
  }

  /** Cuts what is open in the logs that `isDue` picks. @returns whether segments were cut */
  cut(isDue: (open: { log: StoredLog; epoch: number; openMs: number; sinceCutMs: number }) => boolean): boolean {
    const nowMs = this.#deps.clock.monotonic()
    return this.#commit([], (open) =>
      isDue({
        log: open.log,
        epoch: open.epoch,
        openMs: nowMs - open.sinceMs,
        sinceCutMs: nowMs - (this.#lastCut.get(open.log.rowId)?.atMs ?? Number.NEGATIVE_INFINITY),
      }),
    )
  }

  hasOpen(): boolean {
    return this.#open.size > 0
  }

  openBatches(lane: StoredLane): readonly OpenRecords[] {
    return [...this.#open.values()]
      .filter(({ log }) => log.lane === lane)
      .flatMap(({ log, batches }) => batches.map(({ payload, digest }) => ({ log, payload, digest })))
  }

  openTraces(): readonly (TraceEntry & { readonly log: StoredLog })[] {
    return this.openBatches('traces').flatMap(({ log, digest }) => digest.traces.map((entry) => ({ ...entry, log })))
  }

  /** Of a lane, or of all. */
  openRecords(lane?: StoredLane): number {
    const open = [...this.#open.values()].filter(({ log }) => lane === undefined || log.lane === lane)
    return open.reduce((sum, { batches }) => sum + countRecords(batches), 0)
  }

  #commit(batches: readonly LocalBatch[], shouldCut: (open: OpenLog) => boolean, also?: () => void): boolean {
    const after = new Map(this.#open)
    const nowMs = this.#deps.clock.monotonic()
    const cut: OpenLog[] = []
    this.#deps.transaction(() => {
      const cutOpen = (open: OpenLog): void => {
        after.delete(open.log.rowId)
        cut.push(open)
      }
      for (const batch of batches) {
        const open = after.get(batch.log.rowId)
        // A segment belongs to one epoch: what is open of another one is cut first.
        if (open && open.epoch !== batch.epoch) cutOpen(open)
        after.set(batch.log.rowId, withBatch(after.get(batch.log.rowId), batch, nowMs))
      }
      for (const open of [...after.values()].filter(shouldCut)) cutOpen(open)
      this.#deps.cutter.cut(cut)
      for (const { journalId } of cut.flatMap((open) => open.batches)) {
        if (journalId !== undefined) this.#deps.journal.delete(journalId)
      }
      for (const open of after.values()) after.set(open.log.rowId, this.#journal(open))
      also?.()
    })
    this.#open = after
    for (const open of cut) this.#noteCut(open, nowMs)
    return cut.length > 0
  }

  #noteCut({ log, epoch }: OpenLog, atMs: number): void {
    const before = this.#lastCut.get(log.rowId)
    this.#lastCut.set(log.rowId, { epoch, atMs })
    if (before?.epoch !== epoch) this.#deps.onFirstOfEpoch()
  }

  /** Gives every batch that is only in memory its journal row. */
  #journal(open: OpenLog): OpenLog {
    if (open.batches.every(({ journalId }) => journalId !== undefined)) return open
    const { clock, journal } = this.#deps
    const admittedMs = Math.floor(clock.now())
    const batches = open.batches.map((batch) => {
      if (batch.journalId !== undefined) return batch
      const row = { log: open.log.rowId, epoch: open.epoch, payload: batch.payload }
      return { ...batch, journalId: journal.insert(row, admittedMs) }
    })
    return { ...open, batches }
  }

  /** Reads back what the last run had acknowledged and not yet cut. */
  #recover(): void {
    const { journal, logs, clock } = this.#deps
    const sinceMs = clock.monotonic()
    for (const record of journal.all()) {
      const log = logs.byRow(record.log)
      const digest = digestOfPayload(log.lane as StoredLane, record.payload)
      const batch = { journalId: record.id, payload: record.payload, digest }
      const open = this.#open.get(record.log)
      const batches = open ? [...open.batches, batch] : [batch]
      this.#open.set(record.log, { log, epoch: record.epoch, batches, sinceMs })
    }
  }
}

function withBatch(open: OpenLog | undefined, { log, epoch, payload, digest }: LocalBatch, nowMs: number): OpenLog {
  const batch = { journalId: undefined, payload, digest }
  return open ? { ...open, batches: [...open.batches, batch] } : { log, epoch, batches: [batch], sinceMs: nowMs }
}

function isFull({ log, batches }: OpenLog): boolean {
  const most = log.lane === 'documents' ? CUT_EDITS : CUT_RECORDS
  return countRecords(batches) >= most || countBytes(batches) >= CUT_BYTES
}

function countRecords(batches: readonly OpenBatch[]): number {
  return batches.reduce((sum, { digest }) => sum + digest.records, 0)
}

function countBytes(batches: readonly OpenBatch[]): number {
  return batches.reduce((sum, { payload }) => sum + payload.length, 0)
}
