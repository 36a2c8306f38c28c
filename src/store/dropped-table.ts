/** What is gone of every log, and why: counts that outlive the segments. */
import type { Database, Statement } from 'better-sqlite3'
import type { LogRowId } from './log-table.ts'

/** `age`, `size` and `quota` by the limits set here; `stage`: the person went down to one that does not collect it; `lease`: its owner was not heard of for as long as its grant allows. */
export type GoneReason = 'age' | 'size' | 'quota' | 'stage' | 'lease'

export interface DroppedCounts {
  readonly segments: number
  readonly records: number
  readonly bytes: number
}
export interface Dropped extends DroppedCounts {
  readonly log: LogRowId
  readonly reason: GoneReason
  readonly firstUnixMs: number
  readonly lastUnixMs: number
}
/** Nothing that a log still has is known to be missing before this time, in nanoseconds since 1970. */
export interface DroppedUntil {
  readonly log: LogRowId
  readonly reason: GoneReason
  readonly untilUnixNano: bigint
}

export class DroppedTable {
  readonly #add: Statement
  readonly #all: Statement<[], Dropped>
  readonly #forgetUntil: Statement<[LogRowId]>
  readonly #untilAfter: Statement<[bigint], { log: bigint; reason: GoneReason; untilNano: bigint }>

  constructor(db: Database) {
    this.#add = db.prepare(
      `INSERT INTO dropped VALUES (@log, @reason, @segments, @records, @bytes, @nowMs, @nowMs, @untilNano)
       ON CONFLICT (log, reason) DO UPDATE SET
         segments = segments + excluded.segments, records = records + excluded.records, bytes = bytes + excluded.bytes,
         last_ms = excluded.last_ms, until_nano = max(until_nano, excluded.until_nano)`,
    )
    this.#all = db.prepare(
      `SELECT log, reason, segments, records, bytes, first_ms AS firstUnixMs, last_ms AS lastUnixMs FROM dropped
       ORDER BY log, reason`,
    )
    this.#forgetUntil = db.prepare('UPDATE dropped SET until_nano = 0 WHERE log = ?')
    this.#untilAfter = db
      .prepare<[bigint], { log: bigint; reason: GoneReason; untilNano: bigint }>(
        'SELECT log, reason, until_nano AS untilNano FROM dropped WHERE until_nano >= ?',
      )
      .safeIntegers()
  }

  /** In the transaction that drops them. @param untilNano when the last of them was recorded */
  add(log: LogRowId, reason: GoneReason, counts: DroppedCounts, at: { nowMs: number; untilNano: bigint }): void {
    const { segments, records, bytes } = counts
    this.#add.run({ log, reason, segments, records, bytes, nowMs: Math.floor(at.nowMs), untilNano: at.untilNano })
  }

  /** Everything of the log is gone and may come again: what is here of it then is all there is. */
  forgetUntil(log: LogRowId): void {
    this.#forgetUntil.run(log)
  }

  all(): readonly Dropped[] {
    return this.#all.all()
  }

  /** Logs of which something may be gone that was recorded at this time or later. */
  since(unixNano: bigint): readonly DroppedUntil[] {
    return this.#untilAfter
      .all(unixNano)
      .map(({ log, reason, untilNano }) => ({ log: Number(log), reason, untilUnixNano: untilNano }))
  }
}
