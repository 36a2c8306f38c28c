/** Segments whose bodies are here, by log, and giving them up. */
import type { Database, Statement } from 'better-sqlite3'
import { asStoreErrors } from './store-error.ts'
import type { ArrivalTable } from './arrival-table.ts'
import type { DroppedTable, GoneReason } from './dropped-table.ts'
import type { LogRowId } from './log-table.ts'
import type { SegmentRowId, SegmentTable } from './segment-table.ts'
import type { TraceIndex } from './trace-index.ts'

export interface KeptSegment {
  readonly id: SegmentRowId
  readonly epoch: number
  readonly seq: number
  readonly bytes: number
  readonly records: number
}
/** What a log has. */
export interface KeptCounts {
  readonly segments: number
  readonly records: number
  readonly bytes: number
}
/** A place in a log: its segments go by epoch, and by number within one. */
export type PlaceInLog = Pick<KeptSegment, 'epoch' | 'seq'>
/** Before every segment of a log. */
export const LOG_START: PlaceInLog = { epoch: -1, seq: -1 }

export interface KeptTableDeps {
  readonly segments: Pick<SegmentTable, 'drop' | 'forget' | 'times'>
  readonly traces: Pick<TraceIndex, 'drop'>
  readonly arrivals: Pick<ArrivalTable, 'timeOf'>
  readonly dropped: Pick<DroppedTable, 'add'>
}

const NANOS_PER_MS = 1_000_000n
/** How far ahead of ours a clock may be that is believed. */
const CLOCK_TOLERANCE_MS = 3_600_000

export class KeptTable {
  readonly #db: Database
  readonly #deps: KeptTableDeps
  readonly #ofLog: Statement<[LogRowId], KeptCounts>
  readonly #page: Statement<[LogRowId, number, number, number], KeptSegment>
  readonly #get: Statement<[SegmentRowId], { log: LogRowId; bytes: number }>
  readonly #countUpTo: Statement<[SegmentRowId], { segments: number }>
  readonly #bytesAbove: Statement<[SegmentRowId], { bytes: number }>
  readonly #keptOfEpoch: Statement<[LogRowId, number]>
  readonly #everOfEpoch: Statement<[LogRowId, number]>
  readonly #isOpen: Statement<[LogRowId, number]>

  constructor(db: Database, deps: KeptTableDeps) {
    this.#db = db
    this.#deps = deps
    const ofLog = 'FROM segment INDEXED BY segment_kept WHERE log = ? AND pack > 0'
    this.#ofLog = db.prepare(
      `SELECT count(*) AS segments, coalesce(sum(records), 0) AS records, coalesce(sum(bytes), 0) AS bytes ${ofLog}`,
    )
    this.#page = db.prepare(
      `SELECT id, epoch, seq, bytes, records ${ofLog} AND (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?`,
    )
    this.#get = db.prepare('SELECT log, bytes FROM segment WHERE id = ? AND pack > 0')
    this.#countUpTo = db.prepare(
      'SELECT count(*) AS segments FROM segment INDEXED BY segment_there WHERE id <= ? AND pack > 0',
    )
    this.#bytesAbove = db.prepare(
      `SELECT coalesce(sum(bytes), 0) AS bytes FROM segment INDEXED BY segment_there WHERE id > ? AND pack > 0`,
    )
    this.#keptOfEpoch = db.prepare(`SELECT 1 ${ofLog} AND epoch = ? LIMIT 1`)
    this.#everOfEpoch = db.prepare('SELECT 1 FROM segment WHERE log = ? AND epoch = ? LIMIT 1')
    this.#isOpen = db.prepare('SELECT 1 FROM journal WHERE log = ? AND epoch = ? LIMIT 1')
  }

  /** Segments up to a row id. */
  countUpTo(id: SegmentRowId): number {
    return this.#countUpTo.get(id)?.segments ?? 0
  }

  ofLog(log: LogRowId): KeptCounts {
    return this.#ofLog.get(log) as KeptCounts
  }

  /** The oldest segments of a log behind a place: in the order they were cut. */
  page(log: LogRowId, { epoch, seq }: PlaceInLog, limit: number): readonly KeptSegment[] {
    return this.#page.all(log, epoch, seq, limit)
  }

  /** @returns undefined for one that is gone */
  get(id: SegmentRowId): { readonly log: LogRowId; readonly bytes: number } | undefined {
    return this.#get.get(id)
  }

  /** Of all segments stored after one. */
  bytesAbove(id: SegmentRowId): number {
    return this.#bytesAbove.get(id)?.bytes ?? 0
  }

  /** Whether a log has records of an epoch here, had them once, or never. */
  ofEpoch(log: LogRowId, epoch: number): 'here' | 'gone' | 'none' {
    if (this.#isOpen.get(log, epoch) !== undefined || this.#keptOfEpoch.get(log, epoch) !== undefined) return 'here'
    return this.#everOfEpoch.get(log, epoch) === undefined ? 'none' : 'gone'
  }

  /** Gives up the bodies, and all that is derived from them alone; counted in the same transaction. @throws {StoreError} */
  drop(log: LogRowId, dropped: readonly KeptSegment[], reason: GoneReason, nowMs: number): void {
    if (dropped.length === 0) return
    const { segments, traces, dropped: counts } = this.#deps
    asStoreErrors(() =>
      this.#db.transaction(() => {
        const untilNano = this.#until(dropped)
        for (const { id } of dropped) {
          segments.drop(id)
          traces.drop(id)
        }
        const total = (of: (segment: KeptSegment) => number): number => dropped.reduce((sum, each) => sum + of(each), 0)
        const gone = {
          segments: dropped.length,
          records: total((each) => each.records),
          bytes: total((each) => each.bytes),
        }
        counts.add(log, reason, gone, { nowMs, untilNano })
      })(),
    )
    segments.forget(log, dropped)
  }

  /** When the last of them was recorded: not long after it was stored, whatever its records claim. */
  #until(dropped: readonly KeptSegment[]): bigint {
    const { segments, arrivals } = this.#deps
    return dropped.reduce((until, { id }) => {
      const recorded = segments.times(id)?.maxUnixNano ?? 0n
      const storedMs = arrivals.timeOf(id)
      const stored = storedMs === undefined ? recorded : BigInt(storedMs + CLOCK_TOLERANCE_MS) * NANOS_PER_MS
      const latest = recorded < stored ? recorded : stored
      return latest > until ? latest : until
    }, 0n)
  }
}
