/**
 * Segments whose sealed body is on the disk no more as its author sealed it, until a device that holds the body gives it
 * back. Their rows stay, for the chain and every index lead to them. Of segments that were dropped nothing is lost.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { LogRowId } from './log-table.ts'
import type { Place } from './packs/pack-files.ts'
import type { SegmentRowId } from './segment-table.ts'

/** Where in the order of logs and numbers a lost body stands. */
export interface LostPlace {
  readonly log: LogRowId
  readonly seq: number
}
export interface LostSegment extends LostPlace {
  readonly id: SegmentRowId
  readonly epoch: number
  readonly records: number
  readonly header: Uint8Array
}
export interface LostOfLog {
  readonly log: LogRowId
  readonly segments: number
  readonly records: number
}

export class LostBodies {
  readonly #mark: Statement<[SegmentRowId]>
  readonly #unmark: Statement<[SegmentRowId]>
  readonly #setPlace: Statement<[number, number, number, SegmentRowId]>
  readonly #isLost: Statement<[SegmentRowId], { readonly segment: number }>
  readonly #after: Statement<[LogRowId, number, number], LostSegment>
  readonly #ofLog: Statement<[LogRowId], { readonly seq: number }>
  readonly #at: Statement<[LogRowId, number], LostSegment>
  readonly #byLog: Statement<[], LostOfLog>
  readonly #suspects = new Set<SegmentRowId>()
  #onSuspect: () => void = () => undefined

  constructor(db: Database) {
    this.#mark = db.prepare(
      'INSERT OR IGNORE INTO lost_body (segment, log, seq) SELECT id, log, seq FROM segment WHERE id = ?',
    )
    this.#unmark = db.prepare('DELETE FROM lost_body WHERE segment = ?')
    this.#setPlace = db.prepare('UPDATE segment SET pack = ?, at = ?, bytes = ? WHERE id = ?')
    this.#isLost = db.prepare('SELECT segment FROM lost_body WHERE segment = ?')
    // A dropped segment's pack is 0: there is no body that it could have lost. CROSS JOIN: few are lost of very many.
    const lost = 'FROM lost_body CROSS JOIN segment ON segment.id = lost_body.segment WHERE segment.pack > 0'
    const columns = 'segment.id, lost_body.log, lost_body.seq, segment.epoch, segment.records, segment.header'
    this.#after = db.prepare(
      `SELECT ${columns} ${lost} AND (lost_body.log, lost_body.seq) > (?, ?)
       ORDER BY lost_body.log, lost_body.seq LIMIT ?`,
    )
    this.#ofLog = db.prepare(`SELECT lost_body.seq ${lost} AND lost_body.log = ? ORDER BY lost_body.seq`)
    this.#at = db.prepare(`SELECT ${columns} ${lost} AND lost_body.log = ? AND lost_body.seq = ?`)
    this.#byLog = db.prepare(
      `SELECT lost_body.log, count(*) AS segments, sum(segment.records) AS records ${lost} GROUP BY lost_body.log`,
    )
  }

  isLost(id: SegmentRowId): boolean {
    return this.#isLost.get(id) !== undefined
  }

  mark(id: SegmentRowId): void {
    this.#mark.run(id)
  }

  /** Its body is where it was, as it was. */
  unmark(id: SegmentRowId): void {
    this.#unmark.run(id)
  }

  /** Its body is in another place now. */
  restore(id: SegmentRowId, { pack, at, bytes }: Place): void {
    this.#setPlace.run(pack, at, bytes, id)
    this.#unmark.run(id)
  }

  /** By log and number. */
  after({ log, seq }: LostPlace, limit: number): readonly LostSegment[] {
    return this.#after.all(log, seq, limit)
  }

  at(log: LogRowId, seq: number): LostSegment | undefined {
    return this.#at.get(log, seq)
  }

  seqsOf(log: LogRowId): readonly number[] {
    return this.#ofLog.all(log).map(({ seq }) => seq)
  }

  byLog(): readonly LostOfLog[] {
    return this.#byLog.all()
  }

  /** Somebody could not read this body. Whether it is lost is looked into by whoever watches; nothing is written here. */
  suspect(id: SegmentRowId): void {
    this.#suspects.add(id)
    this.#onSuspect()
  }

  /** @param onSuspect called at every suspicion, in the middle of other work */
  watch(onSuspect: () => void): void {
    this.#onSuspect = onSuspect
  }

  /** Those that came since the last call. */
  takeSuspects(): readonly SegmentRowId[] {
    const suspects = [...this.#suspects]
    this.#suspects.clear()
    return suspects
  }
}
