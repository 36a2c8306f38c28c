/**
 * Points as they were added, before they are joined to blocks: one batch an hour and addition, in it a part a series.
 * Rows are only ever put behind the last one, so that adding costs what is new and not what is there.
 */
import type { Database, Statement } from 'better-sqlite3'
import { MAX_SERIES_ID } from '../model/metrics/tiers.ts'
import type { Hour } from './metric-hour-table.ts'
import type { SeriesId } from './metric-series-table.ts'

export type BatchSeq = number

const SERIES = MAX_SERIES_ID + 1

export class MetricPartTable {
  readonly #insertBatch: Statement
  readonly #batchesOf: Statement<[number], { seq: number }>
  readonly #crowded: Statement<[number], { hour: number }>
  readonly #deleteBatches: Statement
  readonly #insert: Statement
  readonly #get: Statement<[number], { bytes: Uint8Array }>
  readonly #firstIds: Statement<[number, number, number], { id: number }>
  readonly #delete: Statement

  constructor(db: Database) {
    this.#insertBatch = db.prepare('INSERT INTO metric_batch (hour) VALUES (?)')
    this.#batchesOf = db.prepare('SELECT seq FROM metric_batch WHERE hour = ? ORDER BY seq')
    this.#crowded = db.prepare('SELECT hour FROM metric_batch GROUP BY hour HAVING count(*) > ? LIMIT 1')
    this.#deleteBatches = db.prepare('DELETE FROM metric_batch WHERE hour = ?')
    this.#insert = db.prepare('INSERT INTO metric_part VALUES (?, ?)')
    this.#get = db.prepare('SELECT bytes FROM metric_part WHERE id = ?')
    this.#firstIds = db.prepare('SELECT id FROM metric_part WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?')
    this.#delete = db.prepare('DELETE FROM metric_part WHERE id = ?')
  }

  newBatch(hour: Hour): BatchSeq {
    return Number(this.#insertBatch.run(hour).lastInsertRowid)
  }

  /** In the order in which they were added. */
  batchesOf(hour: Hour): readonly BatchSeq[] {
    return this.#batchesOf.all(hour).map(({ seq }) => seq)
  }

  /** An hour of more batches than this, if there is one. */
  hourOfMoreThan(batches: number): Hour | undefined {
    return this.#crowded.get(batches)?.hour
  }

  insert(seq: BatchSeq, series: SeriesId, bytes: Uint8Array): void {
    this.#insert.run(seq * SERIES + series, bytes)
  }

  get(seq: BatchSeq, series: SeriesId): Uint8Array | undefined {
    return this.#get.get(seq * SERIES + series)?.bytes
  }

  /** Series that some of these batches have parts of, at most `limit` of them, those of the lowest numbers. */
  firstSeries(batches: readonly BatchSeq[], limit: number): readonly SeriesId[] {
    const first = new Set<SeriesId>()
    for (const seq of batches) {
      const ids = this.#firstIds.all(seq * SERIES, seq * SERIES + MAX_SERIES_ID, limit)
      for (const { id } of ids) first.add(id % SERIES)
    }
    return [...first].sort((a, b) => a - b).slice(0, limit)
  }

  delete(seq: BatchSeq, series: SeriesId): void {
    this.#delete.run(seq * SERIES + series)
  }

  /** Once no part is left of them. */
  deleteBatches(hour: Hour): void {
    this.#deleteBatches.run(hour)
  }
}
