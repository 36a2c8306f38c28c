/**
 * Segments: their headers, what queries ask before they open one, and where its sealed body lies. Rows are immutable but
 * for that place; a segment is written once, in one transaction with its index rows. One that was dropped has no place
 * ("pack = 0") and is only a link of its chain: nothing that asks for records sees it.
 *
 * What is asked at every push and every status (runs, totals) is remembered and only added to, so that it costs what is
 * new and not the history. Nothing is remembered that a transaction may still take back.
 */
import type { Database, Statement } from 'better-sqlite3'
import type { SeqRange } from '../model/segment.ts'
import type { LogRowId } from './log-table.ts'
import type { Place } from './packs/pack-files.ts'

export type SegmentRowId = number

export interface NewSegment {
  readonly log: LogRowId
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly epoch: number
  readonly header: Uint8Array
  readonly place: Place
  readonly rawBytes: number
  readonly records: number
  readonly minUnixNano: bigint
  readonly maxUnixNano: bigint
  readonly maxDurationNano: bigint
}
export interface StoredSegment extends Place {
  readonly id: SegmentRowId
  readonly log: LogRowId
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly epoch: number
  readonly header: Uint8Array
  readonly rawBytes: number
  readonly records: number
}
/** What the index says of a segment. */
export interface SegmentTimes {
  readonly id: SegmentRowId
  readonly log: LogRowId
  readonly minUnixNano: bigint
  readonly maxUnixNano: bigint
  readonly maxDurationNano: bigint
  readonly records: number
  readonly rawBytes: number
}
/** Both ends included, in nanoseconds since 1970. */
export interface TimeRange {
  readonly from: bigint
  readonly to: bigint
}
/** Segments of a log that may hold a record of a time range. */
export interface RangeTotals {
  readonly segments: number
  /** Of these, those that reach beyond the range. */
  readonly edgeSegments: number
  /** Records of those that lie within. */
  readonly records: number
}
/** One whose body was given up. */
export interface DroppedSegment {
  readonly id: SegmentRowId
  readonly seq: number
  readonly records: number
}
export interface ChainLink {
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly header: Uint8Array
}

interface TimesRecord {
  readonly id: bigint
  readonly log: bigint
  readonly longest: bigint
  readonly min: bigint
  readonly max: bigint
  readonly records: bigint
  readonly rawBytes: bigint
}
/** `upTo`: the last row id that counts. */
interface TimesQuery extends TimeRange {
  readonly log: LogRowId
  readonly upTo: SegmentRowId
}
interface LatestQuery extends TimesQuery {
  readonly beforeMax: bigint
  readonly beforeId: bigint
  readonly limit: number
}
interface Totals {
  readonly segments: number
  readonly records: number
}
/** Of the segments up to an id. */
const NO_TOTALS: Totals & { readonly id: SegmentRowId } = { id: 0, segments: 0, records: 0 }

/** Index rows read at once: few at first, for most who ask take few. */
const [FIRST_TIMES_PAGE, TIMES_PAGE] = [16, 256]
/** Later than any row: times are signed 64-bit numbers. */
const AFTER_ALL = { max: 2n ** 63n - 1n, id: 2n ** 63n - 1n }

const COLUMNS = 'id, log, seq, segment_id AS segmentId, epoch, header, pack, at, bytes, raw_bytes AS rawBytes, records'

export class SegmentTable {
  readonly #insert: Statement
  readonly #insertHead: Statement
  readonly #byId: Statement<[number], StoredSegment>
  readonly #logOf: Statement<[number], { log: number }>
  readonly #downFrom: Statement<[number, number, number], StoredSegment>
  readonly #link: Statement<[number, number], ChainLink>
  readonly #last: Statement<[number], ChainLink>
  readonly #runsAbove: Statement<[number, number], SeqRange>
  readonly #keptRunsAbove: Statement<[number, number], SeqRange>
  readonly #drop: Statement<[SegmentRowId]>
  readonly #headAtOrAbove: Statement<[number, number], { seq: number; signature: Uint8Array }>
  readonly #epochRanges: Statement<[{ log: number }], { epoch: number; from: number; to: number }>
  readonly #timesOf: Statement<[SegmentRowId], TimesRecord>
  readonly #timesAmong: Statement<[TimeRange & { ids: string }], TimesRecord>
  readonly #latest: Statement<[LatestQuery], TimesRecord>
  readonly #rangeTotals: Statement<[TimesQuery], RangeTotals>
  readonly #lastId: Statement<[], { id: SegmentRowId | null }>
  readonly #idsAfter: Statement<[SegmentRowId, number], { id: SegmentRowId }>
  readonly #totalsAbove: Statement<[number], Totals & { readonly id: SegmentRowId | null }>
  readonly #nextId: Statement<[SegmentRowId], { id: SegmentRowId | null }>
  readonly #deleteOfLog: Statement
  readonly #deleteHeadsOfLog: Statement
  readonly #db: Database
  readonly #knownRuns = new Map<LogRowId, readonly SeqRange[]>()
  readonly #knownKept = new Map<LogRowId, readonly SeqRange[]>()
  #knownTotals = NO_TOTALS

  constructor(db: Database) {
    this.#db = db
    this.#insert = db.prepare(
      `INSERT INTO segment
         (log, seq, segment_id, epoch, header, pack, at, bytes, raw_bytes, records, min_nano, max_nano, max_duration_nano)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertHead = db.prepare('INSERT OR REPLACE INTO head (log, seq, signature) VALUES (?, ?, ?)')
    this.#byId = db.prepare(`SELECT ${COLUMNS} FROM segment WHERE id = ? AND pack > 0`)
    this.#logOf = db.prepare('SELECT log FROM segment WHERE id = ?')
    this.#downFrom = db.prepare(
      `SELECT ${COLUMNS} FROM segment WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC`,
    )
    const link = 'SELECT seq, segment_id AS segmentId, header FROM segment WHERE log = ?'
    this.#link = db.prepare(`${link} AND seq = ?`)
    this.#last = db.prepare(`${link} ORDER BY seq DESC LIMIT 1`)
    // Gaps and islands: seq minus its rank is constant within a run.
    const runsAbove = (which: string): string =>
      `SELECT min(seq) AS "from", max(seq) AS "to" FROM
         (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM segment WHERE log = ? AND seq > ? ${which})
       GROUP BY island ORDER BY 1`
    this.#runsAbove = db.prepare(runsAbove(''))
    this.#keptRunsAbove = db.prepare(runsAbove('AND pack > 0'))
    this.#drop = db.prepare('UPDATE segment SET pack = 0, at = 0, bytes = 0 WHERE id = ?')
    this.#headAtOrAbove = db.prepare('SELECT seq, signature FROM head WHERE log = ? AND seq >= ? ORDER BY seq LIMIT 1')
    // From one epoch to the next by index: grouping would read every segment of the log.
    this.#epochRanges = db.prepare(
      `WITH RECURSIVE held(epoch) AS (
         SELECT min(epoch) FROM segment WHERE log = @log
         UNION ALL
         SELECT (SELECT min(epoch) FROM segment WHERE log = @log AND epoch > held.epoch) FROM held WHERE epoch IS NOT NULL)
       SELECT epoch,
         (SELECT min(seq) FROM segment WHERE log = @log AND epoch = held.epoch) AS "from",
         (SELECT max(seq) FROM segment WHERE log = @log AND epoch = held.epoch) AS "to"
       FROM held WHERE epoch IS NOT NULL`,
    )
    const inRange = 'log = @log AND max_nano >= @from AND min_nano <= @to AND id <= @upTo AND pack > 0'
    const times = `SELECT id, log, min_nano AS min, max_nano AS max, max_duration_nano AS longest, records,
      raw_bytes AS rawBytes FROM segment`
    this.#timesOf = db.prepare<[SegmentRowId], TimesRecord>(`${times} WHERE id = ? AND pack > 0`).safeIntegers()
    this.#timesAmong = db
      .prepare<[TimeRange & { ids: string }], TimesRecord>(
        `${times} WHERE id IN (SELECT value FROM json_each(@ids)) AND max_nano >= @from AND min_nano <= @to AND pack > 0`,
      )
      .safeIntegers()
    this.#latest = db
      .prepare<[LatestQuery], TimesRecord>(
        `${times} WHERE ${inRange} AND (max_nano, id) < (@beforeMax, @beforeId) ORDER BY max_nano DESC, id DESC LIMIT @limit`,
      )
      .safeIntegers()
    const isWithin = 'min_nano >= @from AND max_nano <= @to'
    this.#rangeTotals = db.prepare(
      `SELECT count(*) AS segments, count(*) FILTER (WHERE NOT (${isWithin})) AS edgeSegments,
         coalesce(sum(records) FILTER (WHERE ${isWithin}), 0) AS records
       FROM segment WHERE ${inRange}`,
    )
    this.#nextId = db.prepare('SELECT min(id) AS id FROM segment INDEXED BY segment_there WHERE id >= ? AND pack > 0')
    this.#lastId = db.prepare('SELECT max(id) AS id FROM segment')
    this.#idsAfter = db.prepare('SELECT id FROM segment WHERE id > ? ORDER BY id LIMIT ?')
    this.#totalsAbove = db.prepare(
      `SELECT max(id) AS id, count(*) AS segments, coalesce(sum(records), 0) AS records
       FROM segment INDEXED BY segment_there WHERE id > ? AND pack > 0`,
    )
    this.#deleteOfLog = db.prepare('DELETE FROM segment WHERE log = ?')
    this.#deleteHeadsOfLog = db.prepare('DELETE FROM head WHERE log = ?')
  }

  insert(segment: NewSegment): SegmentRowId {
    const top = this.#knownRuns.get(segment.log)?.at(-1)
    if (top && segment.seq <= top.to) this.#forgetRuns(segment.log)
    const { lastInsertRowid } = this.#insert.run(
      segment.log,
      segment.seq,
      segment.segmentId,
      segment.epoch,
      segment.header,
      segment.place.pack,
      segment.place.at,
      segment.place.bytes,
      segment.rawBytes,
      segment.records,
      segment.minUnixNano,
      segment.maxUnixNano,
      segment.maxDurationNano,
    )
    return Number(lastInsertRowid)
  }

  insertHead(log: LogRowId, seq: number, signature: Uint8Array): void {
    this.#insertHead.run(log, seq, signature)
  }

  /** @returns undefined for one that is gone */
  get(id: SegmentRowId): StoredSegment | undefined {
    return this.#byId.get(id)
  }

  logOf(id: SegmentRowId): LogRowId | undefined {
    return this.#logOf.get(id)?.log
  }

  /** From the last of the range down, read as they are taken; those that were dropped are among them, with pack 0. */
  downFrom(log: LogRowId, range: SeqRange): IterableIterator<StoredSegment> {
    return this.#downFrom.iterate(log, range.from, range.to)
  }

  link(log: LogRowId, seq: number): ChainLink | undefined {
    return this.#link.get(log, seq)
  }

  last(log: LogRowId): ChainLink | undefined {
    return this.#last.get(log)
  }

  /** Sequence numbers held, as sorted inclusive runs: of what was dropped since too. */
  runs(log: LogRowId): readonly SeqRange[] {
    return this.#runsOf(log, this.#runsAbove, this.#knownRuns)
  }

  /** Those whose bodies are here. */
  keptRuns(log: LogRowId): readonly SeqRange[] {
    return this.#runsOf(log, this.#keptRunsAbove, this.#knownKept)
  }

  /** The nearest signed head that vouches for `seq`. */
  headAtOrAbove(log: LogRowId, seq: number): { readonly seq: number; readonly signature: Uint8Array } | undefined {
    return this.#headAtOrAbove.get(log, seq)
  }

  /** Which sequence numbers each epoch of an own log covers. */
  epochRanges(log: LogRowId): readonly { readonly epoch: number; readonly from: number; readonly to: number }[] {
    return this.#epochRanges.all({ log })
  }

  /** The first segment at or above a row id whose body is here. */
  nextId(from: SegmentRowId): SegmentRowId | undefined {
    return this.#nextId.get(from)?.id ?? undefined
  }

  /** Of the segment that was written last; 0 before the first. */
  lastId(): SegmentRowId {
    return this.#lastId.get()?.id ?? 0
  }

  idsAfter(id: SegmentRowId, limit: number): readonly SegmentRowId[] {
    return this.#idsAfter.all(id, limit).map((row) => row.id)
  }

  /**
   * Segments of a log up to a row id that may hold records of a range, those that end last first. Read a page at a time
   * as they are taken: nothing is held open in between, and what is deleted meanwhile is left out.
   */
  *latest(log: LogRowId, range: TimeRange, upTo: SegmentRowId): Generator<SegmentTimes> {
    let before = AFTER_ALL
    for (let limit = FIRST_TIMES_PAGE; ; limit = TIMES_PAGE) {
      const page = this.#latest.all({ log, ...range, upTo, beforeMax: before.max, beforeId: before.id, limit })
      for (const record of page) yield toTimes(record)
      if (page.length < limit) return
      before = page.at(-1) as TimesRecord
    }
  }

  /** @returns undefined for one that is gone */
  times(id: SegmentRowId): SegmentTimes | undefined {
    const record = this.#timesOf.get(id)
    return record && toTimes(record)
  }

  /** Of those that are here and may hold records of a range, in any order. */
  timesAmong(ids: readonly SegmentRowId[], { from, to }: TimeRange): readonly SegmentTimes[] {
    return this.#timesAmong.all({ ids: JSON.stringify(ids), from, to }).map(toTimes)
  }

  rangeTotals(log: LogRowId, range: TimeRange, upTo: SegmentRowId): RangeTotals {
    return this.#rangeTotals.get({ log, ...range, upTo }) as RangeTotals
  }

  totals(): Totals {
    const known = this.#knownTotals
    const added = this.#totalsAbove.get(known.id) as Totals & { readonly id: SegmentRowId | null }
    const [segments, records] = [known.segments + added.segments, known.records + added.records]
    if (!this.#db.inTransaction) this.#knownTotals = { id: added.id ?? known.id, segments, records }
    return { segments, records }
  }

  /** Gives up the body of a segment; its row stays. Inside the caller's transaction, after which {@link forget} is due. */
  drop(id: SegmentRowId): void {
    this.#drop.run(id)
  }

  /** What was dropped is in no total and no run any more, now that it is committed. */
  forget(log: LogRowId, dropped: readonly DroppedSegment[]): void {
    const kept = this.#knownKept.get(log)
    if (kept !== undefined)
      this.#knownKept.set(
        log,
        dropped.reduce((runs, { seq }) => without(runs, seq), kept),
      )
    const { id: upTo, segments, records } = this.#knownTotals
    const counted = dropped.filter(({ id }) => id <= upTo)
    const gone = counted.reduce((sum, each) => sum + each.records, 0)
    this.#knownTotals = { id: upTo, segments: segments - counted.length, records: records - gone }
  }

  deleteLog(log: LogRowId): number {
    this.#forgetRuns(log)
    this.#knownTotals = NO_TOTALS
    this.#deleteHeadsOfLog.run(log)
    return this.#deleteOfLog.run(log).changes
  }

  #runsOf(
    log: LogRowId,
    above: Statement<[number, number], SeqRange>,
    remembered: Map<LogRowId, readonly SeqRange[]>,
  ): readonly SeqRange[] {
    const known = remembered.get(log) ?? []
    const runs = joinRuns(known, above.all(log, known.at(-1)?.to ?? -1))
    if (!this.#db.inTransaction) remembered.set(log, runs)
    return runs
  }

  #forgetRuns(log: LogRowId): void {
    this.#knownRuns.delete(log)
    this.#knownKept.delete(log)
  }
}

function toTimes({ id, log, min, max, longest, records, rawBytes }: TimesRecord): SegmentTimes {
  return {
    id: Number(id),
    log: Number(log),
    minUnixNano: min,
    maxUnixNano: max,
    maxDurationNano: longest,
    records: Number(records),
    rawBytes: Number(rawBytes),
  }
}

function without(runs: readonly SeqRange[], seq: number): readonly SeqRange[] {
  return runs.flatMap(({ from, to }) => {
    if (seq < from || seq > to) return [{ from, to }]
    return [
      { from, to: seq - 1 },
      { from: seq + 1, to },
    ].filter((part) => part.from <= part.to)
  })
}

/** Two lists of sorted runs, the second above the first; they may touch. */
function joinRuns(below: readonly SeqRange[], above: readonly SeqRange[]): readonly SeqRange[] {
  const [last, next] = [below.at(-1), above[0]]
  if (last === undefined || next === undefined) return last === undefined ? above : below
  if (next.from > last.to + 1) return [...below, ...above]
  return [...below.slice(0, -1), { from: last.from, to: next.to }, ...above.slice(1)]
}
