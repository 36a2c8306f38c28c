/** Everything the metrics tiers have on disk, and how far they have come through the segments. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, type DeviceId } from '../model/ids.ts'
import { BLOCK_HOURS, HOUR_MS } from '../model/metrics/tiers.ts'
import { MetricBlockTable } from './metric-block-table.ts'
import { MetricHourTable } from './metric-hour-table.ts'
import { MetricPartTable } from './metric-part-table.ts'
import { MetricSeriesTable } from './metric-series-table.ts'
import { asStoreErrors } from './store-error.ts'

/** A segment above {@link MetricTables.fed}, of any lane. */
export interface FeedSegment {
  readonly id: number
  readonly log: number
  readonly rawBytes: number
  readonly records: number
}

export class MetricTables {
  readonly series: MetricSeriesTable
  readonly parts: MetricPartTable
  readonly blocks: MetricBlockTable
  readonly hours: MetricHourTable
  readonly #db: Database
  readonly #fed: Statement<[], { fed: number }>
  readonly #setFed: Statement
  readonly #segmentsAbove: Statement<[number, number, number], FeedSegment>
  #generation = 0

  constructor(db: Database) {
    this.#db = db
    this.series = new MetricSeriesTable(db)
    this.parts = new MetricPartTable(db)
    this.blocks = new MetricBlockTable(db)
    this.hours = new MetricHourTable(db)
    this.#fed = db.prepare('SELECT fed FROM metric_feed')
    this.#setFed = db.prepare('UPDATE metric_feed SET fed = ?')
    this.#segmentsAbove = db.prepare(
      `SELECT id, log, raw_bytes AS rawBytes, records FROM segment
       WHERE id > ? AND id <= ? AND pack > 0 ORDER BY id LIMIT ?`,
    )
  }

  /** Row id of the last segment whose points are in the tables; 0 before the first. */
  fed(): number {
    return this.#fed.get()?.fed ?? 0
  }

  /** 0 takes all segments in again: what they hold is the same, and roll-ups of what they hold no more stay. */
  setFed(segment: number): void {
    this.#setFed.run(segment)
  }

  segmentsAbove(segment: number, upTo: number, limit: number): readonly FeedSegment[] {
    return this.#segmentsAbove.all(segment, upTo, limit)
  }

  /**
   * All or nothing, durable on return, though all of it could be derived again: a commit that is not flushed before the
   * next would look like damage after a power cut (log-tail.ts).
   * @throws {StoreError}, and what the callback throws
   */
  transaction<T>(work: () => T extends Promise<unknown> ? never : T): T {
    return asStoreErrors(() => this.#db.transaction(work)())
  }

  /** Changes whenever series were deleted: their numbers may stand for others then. */
  get generation(): number {
    return this.#generation
  }

  /** Series of which no block is left: their latest sample is before every hour that is kept. */
  deleteUnusedSeries(): void {
    const oldest = this.hours.oldest()
    const fromMs = oldest === undefined ? Infinity : (oldest - (oldest % BLOCK_HOURS.hour)) * HOUR_MS
    if (this.series.deleteBefore(fromMs) > 0) this.#generation++
  }

  hasAuthor(author: DeviceId): boolean {
    return this.series.hasAuthor(author)
  }

  /** All that a device recorded. */
  deleteAuthor(author: DeviceId): void {
    this.#deleteWhere('author = ?', idBytes(author))
  }

  /** All that a module of a device recorded. */
  deleteSource(author: DeviceId, module: string): void {
    this.#deleteWhere('author = ? AND module = ?', idBytes(author), module)
  }

  /** Rare: it looks at every block. */
  #deleteWhere(condition: string, ...values: readonly (Uint8Array | string)[]): void {
    this.#generation++
    const ofSource = `SELECT id FROM metric_source WHERE ${condition}`
    const series = `SELECT id FROM metric_series WHERE source IN (${ofSource})`
    for (const sql of [
      `DELETE FROM metric_part WHERE id & ${SERIES_BITS} IN (${series})`,
      `DELETE FROM metric_block WHERE id & ${SERIES_BITS} IN (${series})`,
      `DELETE FROM metric_last WHERE series IN (${series})`,
      `DELETE FROM metric_series WHERE source IN (${ofSource})`,
      `DELETE FROM metric_source WHERE ${condition}`,
    ]) {
      this.#db.prepare(sql).run(...values)
    }
  }
}

/** The bits of a block's id that are its series: see model/metrics/tiers.ts. */
const SERIES_BITS = 2 ** 24 - 1
