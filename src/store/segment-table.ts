/**
 * Segments on disk: header and compressed payload, never the ciphertext (it is recreated bit for bit when a peer asks).
 * Rows are immutable; a segment is written once, in one transaction with its index rows.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SeqRange } from '../model/segment.ts'
import type { LogRowId } from './log-table.ts'

export type SegmentRowId = number

export interface NewSegment {
  readonly log: LogRowId
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly epoch: number
  readonly header: Uint8Array
  /** 0 = payload as is, 1 = zstd. */
  readonly codec: number
  readonly rawBytes: number
  readonly records: number
  readonly payload: Uint8Array
  readonly minUnixNano: bigint
  readonly maxUnixNano: bigint
}
export interface StoredSegment extends Omit<NewSegment, 'minUnixNano' | 'maxUnixNano'> {
  readonly id: SegmentRowId
}
export interface ChainLink {
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly header: Uint8Array
}

const COLUMNS = `id, log, seq, segment_id AS segmentId, epoch, header, codec, raw_bytes AS rawBytes, records, payload`

export class SegmentTable {
  readonly #insert: Statement
  readonly #insertHead: Statement
  readonly #byId: Statement<[number], StoredSegment>
  readonly #logOf: Statement<[number], { log: number }>
  readonly #downFrom: Statement<[number, number, number], StoredSegment>
  readonly #link: Statement<[number, number], ChainLink>
  readonly #last: Statement<[number], ChainLink>
  readonly #runs: Statement<[number], { from: number; to: number }>
  readonly #headAtOrAbove: Statement<[number, number], { seq: number; signature: Uint8Array }>
  readonly #epochRanges: Statement<[number], { epoch: number; from: number; to: number }>
  readonly #newest: Statement<[number, number], StoredSegment>
  readonly #totals: Statement<[], { segments: number; records: number }>
  readonly #deleteOfLog: Statement
  readonly #deleteHeadsOfLog: Statement

  constructor(db: Database) {
    this.#insert = db.prepare(
      `INSERT INTO segment
         (log, seq, segment_id, epoch, header, codec, raw_bytes, records, payload, min_nano, max_nano)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertHead = db.prepare('INSERT OR REPLACE INTO head (log, seq, signature) VALUES (?, ?, ?)')
    this.#byId = db.prepare(`SELECT ${COLUMNS} FROM segment WHERE id = ?`)
    this.#logOf = db.prepare('SELECT log FROM segment WHERE id = ?')
    this.#downFrom = db.prepare(
      `SELECT ${COLUMNS} FROM segment WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC`,
    )
    const link = 'SELECT seq, segment_id AS segmentId, header FROM segment WHERE log = ?'
    this.#link = db.prepare(`${link} AND seq = ?`)
    this.#last = db.prepare(`${link} ORDER BY seq DESC LIMIT 1`)
    // Gaps and islands: seq minus its rank is constant within a run.
    this.#runs = db.prepare(
      `SELECT min(seq) AS "from", max(seq) AS "to" FROM
         (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM segment WHERE log = ?)
       GROUP BY island ORDER BY 1`,
    )
    this.#headAtOrAbove = db.prepare('SELECT seq, signature FROM head WHERE log = ? AND seq >= ? ORDER BY seq LIMIT 1')
    this.#epochRanges = db.prepare(
      'SELECT epoch, min(seq) AS "from", max(seq) AS "to" FROM segment WHERE log = ? GROUP BY epoch ORDER BY epoch',
    )
    this.#newest = db.prepare(
      `SELECT ${COLUMNS} FROM segment WHERE log IN (SELECT id FROM log WHERE lane = ?) ORDER BY id DESC LIMIT ?`,
    )
    this.#totals = db.prepare('SELECT count(*) AS segments, coalesce(sum(records), 0) AS records FROM segment')
    this.#deleteOfLog = db.prepare('DELETE FROM segment WHERE log = ?')
    this.#deleteHeadsOfLog = db.prepare('DELETE FROM head WHERE log = ?')
  }

  insert(segment: NewSegment): SegmentRowId {
    const { lastInsertRowid } = this.#insert.run(
      segment.log,
      segment.seq,
      segment.segmentId,
      segment.epoch,
      segment.header,
      segment.codec,
      segment.rawBytes,
      segment.records,
      segment.payload,
      segment.minUnixNano,
      segment.maxUnixNano,
    )
    return Number(lastInsertRowid)
  }

  insertHead(log: LogRowId, seq: number, signature: Uint8Array): void {
    this.#insertHead.run(log, seq, signature)
  }

  get(id: SegmentRowId): StoredSegment | undefined {
    return this.#byId.get(id)
  }

  logOf(id: SegmentRowId): LogRowId | undefined {
    return this.#logOf.get(id)?.log
  }

  /** From the last of the range down, read as they are taken. */
  downFrom(log: LogRowId, range: SeqRange): IterableIterator<StoredSegment> {
    return this.#downFrom.iterate(log, range.from, range.to)
  }

  link(log: LogRowId, seq: number): ChainLink | undefined {
    return this.#link.get(log, seq)
  }

  last(log: LogRowId): ChainLink | undefined {
    return this.#last.get(log)
  }

  /** Sequence numbers held, as sorted inclusive runs. */
  runs(log: LogRowId): readonly SeqRange[] {
    return this.#runs.all(log)
  }

  /** The nearest signed head that vouches for `seq`. */
  headAtOrAbove(log: LogRowId, seq: number): { readonly seq: number; readonly signature: Uint8Array } | undefined {
    return this.#headAtOrAbove.get(log, seq)
  }

  /** Which sequence numbers each epoch of an own log covers. */
  epochRanges(log: LogRowId): readonly { readonly epoch: number; readonly from: number; readonly to: number }[] {
    return this.#epochRanges.all(log)
  }

  /** The latest segments of a lane, by arrival. */
  newest(lane: number, limit: number): readonly StoredSegment[] {
    return this.#newest.all(lane, limit)
  }

  totals(): { readonly segments: number; readonly records: number } {
    return this.#totals.get() as { segments: number; records: number }
  }

  deleteLog(log: LogRowId): number {
    this.#deleteHeadsOfLog.run(log)
    return this.#deleteOfLog.run(log).changes
  }
}
