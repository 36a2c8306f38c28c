/** Segments as schema 2 kept them, each payload in its row, until they are moved into packs. */
import type { Database } from 'better-sqlite3'
import type { Place } from './packs/pack-files.ts'

export interface SegmentInRow {
  readonly id: number
  readonly log: number
  readonly epoch: number
  readonly header: Uint8Array
  /** 0 = payload as is, 1 = zstd. */
  readonly codec: number
  readonly rawBytes: number
  readonly records: number
  readonly payload: Uint8Array
}

export class SegmentsInRows {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Whether the store is of schema 2, or its move was cut short. */
  exist(): boolean {
    return this.#db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'segment_in_rows'").get() !== undefined
  }

  first(limit: number): readonly SegmentInRow[] {
    return this.#db
      .prepare<[number], SegmentInRow>(
        `SELECT id, log, epoch, header, codec, raw_bytes AS rawBytes, records, payload
         FROM segment_in_rows ORDER BY id LIMIT ?`,
      )
      .all(limit)
  }

  /** Its row becomes one of `segment`, under the same id. Inside the caller's transaction. */
  move(id: number, place: Place, maxDurationNano: bigint): void {
    this.#db
      .prepare(
        `INSERT INTO segment (id, log, seq, segment_id, epoch, header, pack, at, bytes, raw_bytes, records, min_nano,
           max_nano, max_duration_nano)
         SELECT id, log, seq, segment_id, epoch, header, @pack, @at, @bytes, raw_bytes, records, min_nano,
           max_nano, @maxDurationNano FROM segment_in_rows WHERE id = @id`,
      )
      .run({ id, ...place, maxDurationNano })
    this.#db.prepare('DELETE FROM segment_in_rows WHERE id = ?').run(id)
  }

  /** Once there are none any more. */
  forget(): void {
    this.#db.exec('DROP TABLE segment_in_rows')
  }
}
