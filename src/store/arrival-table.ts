/**
 * When segments were stored, by this device's clock and to the nearest look: a note says that those up to it were stored
 * by then. Both grow from note to note.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SegmentRowId } from './segment-table.ts'

export class ArrivalTable {
  readonly #note: Statement<[SegmentRowId, number]>
  readonly #last: Statement<[], { segment: SegmentRowId; byMs: number }>
  readonly #storedBy: Statement<[number], { segment: SegmentRowId }>
  readonly #timeOf: Statement<[SegmentRowId], { byMs: number }>
  readonly #lower: Statement<{ nowMs: number }>
  readonly #prune: Statement<[SegmentRowId]>

  constructor(db: Database) {
    this.#note = db.prepare('INSERT OR IGNORE INTO arrival (segment, by_ms) VALUES (?, ?)')
    this.#last = db.prepare('SELECT segment, by_ms AS byMs FROM arrival ORDER BY segment DESC LIMIT 1')
    this.#storedBy = db.prepare('SELECT segment FROM arrival WHERE by_ms <= ? ORDER BY segment DESC LIMIT 1')
    this.#timeOf = db.prepare('SELECT by_ms AS byMs FROM arrival WHERE segment >= ? ORDER BY segment LIMIT 1')
    this.#lower = db.prepare('UPDATE arrival SET by_ms = @nowMs WHERE by_ms > @nowMs')
    this.#prune = db.prepare('DELETE FROM arrival WHERE segment < ?')
  }

  /** Segments up to this one are stored now. Notes of a time to come were made by a clock that was wrong: they say now too. */
  note(segment: SegmentRowId, nowUnixMs: number): void {
    const nowMs = Math.floor(nowUnixMs)
    const last = this.#last.get()
    if (last !== undefined && last.byMs > nowMs) this.#lower.run({ nowMs })
    if (segment > (last?.segment ?? 0)) this.#note.run(segment, nowMs)
  }

  /** The last segment known to have been stored by a time; 0 if none is. */
  storedBy(unixMs: number): SegmentRowId {
    return this.#storedBy.get(Math.floor(unixMs))?.segment ?? 0
  }

  /** By when a segment was stored; undefined for one that came since the last note. */
  timeOf(segment: SegmentRowId): number | undefined {
    return this.#timeOf.get(segment)?.byMs
  }

  /** Notes that say nothing of this segment or any after it. */
  forgetBefore(segment: SegmentRowId): void {
    this.#prune.run(segment)
  }
}
