/**
 * The newest segments of a generation, one row each: what ingest writes. Rows are read once and then remembered for lookups,
 * but none that a transaction may still take back.
 */
import type { Database, Statement } from 'better-sqlite3'
import { MAX_SEGMENT } from '../../wire/index/posting-bytes.ts'
import { decodeSegmentKeys, encodeSegmentKeys, type NewSegmentKeys } from '../../wire/index/posting-keys.ts'
import type { SegmentRowId } from '../segment-table.ts'
import type { PostingSizes } from './posting-sizes.ts'
import { SharedTable } from './shared-table.ts'
import { TailSegment } from './tail-segment.ts'

interface TailRow {
  readonly id: number
  readonly shared: number
  readonly keys: Uint8Array
}
interface TailSize {
  readonly segments: number
  readonly bytes: number
}

export class TailTable {
  readonly #db: Database
  readonly #sizes: Pick<PostingSizes, 'batchSegments' | 'batchBytes'>
  /** Ids of rows are above it. */
  readonly #base: number
  readonly #shared: SharedTable
  readonly #insert: Statement<[number, number, Uint8Array]>
  readonly #after: Statement<[number, number], TailRow>
  readonly #size: Statement<[number, number], TailSize>
  readonly #lastId: Statement<[number, number], number | null>
  readonly #delete: Statement<[number]>
  readonly #deleteAll: Statement<[number, number]>
  readonly #deleteOthers: Statement<[number, number]>
  #known: readonly TailSegment[] = []
  /** Whether nothing was added since what is known was read. */
  #isKnown = false
  /** At least what is there: rows that were taken back still count, until they are counted again. */
  #atMost: TailSize = { segments: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }

  constructor(db: Database, generation: number, sizes: Pick<PostingSizes, 'batchSegments' | 'batchBytes'>) {
    this.#db = db
    this.#sizes = sizes
    this.#base = generation * MAX_SEGMENT
    this.#shared = new SharedTable(db, generation)
    const range = 'id >= ? AND id < ?'
    this.#insert = db.prepare('INSERT INTO posting_tail VALUES (?, ?, ?)')
    this.#after = db.prepare(`SELECT id, shared, keys FROM posting_tail WHERE ${range} ORDER BY id`)
    this.#size = db.prepare(
      `SELECT count(*) AS segments, coalesce(sum(length(keys)), 0) AS bytes FROM posting_tail WHERE ${range}`,
    )
    this.#lastId = db
      .prepare<[number, number], number | null>(`SELECT max(id) FROM posting_tail WHERE ${range}`)
      .pluck()
    this.#delete = db.prepare('DELETE FROM posting_tail WHERE id = ?')
    this.#deleteAll = db.prepare(`DELETE FROM posting_tail WHERE ${range}`)
    this.#deleteOthers = db.prepare(`DELETE FROM posting_tail WHERE NOT (${range})`)
  }

  /** @throws {RangeError} for keys that do not ascend */
  add(segment: SegmentRowId, found: NewSegmentKeys): void {
    const shared = this.#shared.newest()
    const keys = encodeSegmentKeys(found, shared.keys)
    this.#insert.run(this.#base + segment, shared.id, keys)
    this.#isKnown = false
    const { segments, bytes } = this.#atMost
    this.#atMost = { segments: segments + 1, bytes: bytes + keys.length }
  }

  /** By segment. */
  all(): readonly TailSegment[] {
    if (this.#isKnown) return this.#known
    const after = this.#known.at(-1)?.segment ?? -1
    const rows = this.#after.all(this.#base + after + 1, this.#base + MAX_SEGMENT)
    const all = rows.length === 0 ? this.#known : [...this.#known, ...rows.map((row) => this.#toSegment(row))]
    if (this.#db.inTransaction) return all
    this.#isKnown = true
    this.#known = all
    return all
  }

  /** Forgets what is remembered. */
  forget(): void {
    this.#shared.forget()
    this.#known = []
    this.#isKnown = false
    this.#atMost = { segments: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY }
  }

  /** 0 without any. */
  lastSegment(): SegmentRowId {
    const id = this.#lastId.get(this.#base, this.#base + MAX_SEGMENT)
    return typeof id === 'number' ? id - this.#base : 0
  }

  size(): TailSize {
    return this.#size.get(this.#base, this.#base + MAX_SEGMENT) as TailSize
  }

  /** Whether there are enough for a part. */
  isFull(): boolean {
    if (!this.#isEnough(this.#atMost)) return false
    const size = this.size()
    if (!this.#db.inTransaction) this.#atMost = size
    return this.#isEnough(size)
  }

  /** The oldest, as many as become a part; read as they are taken. */
  *batch(): Generator<TailSegment> {
    let [segments, bytes] = [0, 0]
    for (const row of this.#after.iterate(this.#base, this.#base + MAX_SEGMENT)) {
      yield this.#toSegment(row)
      bytes += row.keys.length
      if (this.#isEnough({ segments: ++segments, bytes })) return
    }
  }

  delete(segment: SegmentRowId): void {
    this.#delete.run(this.#base + segment)
  }

  /** Segments that are added from now on are likely to have these tokens; lists that no row needs any more are deleted. */
  share(tokens: ArrayLike<number>): void {
    this.#shared.replace(tokens, this.#base, this.#base + MAX_SEGMENT)
  }

  deleteAll(): void {
    this.#deleteAll.run(this.#base, this.#base + MAX_SEGMENT)
    this.#shared.deleteAll()
  }

  /** Of other generations. */
  deleteOthers(): void {
    this.#deleteOthers.run(this.#base, this.#base + MAX_SEGMENT)
    this.#shared.deleteOthers()
  }

  #toSegment({ id, shared, keys }: TailRow): TailSegment {
    const tokens = this.#shared.keysOf(shared)
    return new TailSegment(id - this.#base, decodeSegmentKeys(keys, tokens), tokens)
  }

  #isEnough({ segments, bytes }: TailSize): boolean {
    return segments >= this.#sizes.batchSegments || bytes >= this.#sizes.batchBytes
  }
}
