/** Metric series: who recorded what, by number. Deduplicated by key; a source has a bounded number of them. */
import type { Database, Statement } from 'better-sqlite3'
import { idBytes, toDeviceId, type DeviceId } from '../model/ids.ts'

export type SeriesId = number
export type SourceId = number

export interface StoredSeries {
  readonly id: SeriesId
  readonly deviceId: DeviceId
  readonly module: string
  /** See wire/metrics/series-identity.ts. */
  readonly identity: string
  /** Of its latest sample; 0 before the first. */
  readonly lastMs: number
  /** Null for what is no number, or no value. */
  readonly lastValue: number | null
}
export interface NewSeries {
  readonly key: Uint8Array
  readonly source: SourceId
  readonly name: string
  readonly identity: string
}

interface SeriesRecord extends Omit<StoredSeries, 'deviceId' | 'lastMs'> {
  readonly author: Uint8Array
  readonly lastMs: number | null
}

const COLUMNS = `s.id, o.author, o.module, s.identity, l.time_ms AS lastMs, l.value AS lastValue
  FROM metric_series s JOIN metric_source o ON o.id = s.source LEFT JOIN metric_last l ON l.series = s.id`
/** Rows read at once. */
const PAGE = 256

export class MetricSeriesTable {
  readonly #findSource: Statement<[Uint8Array, string], { id: number }>
  readonly #insertSource: Statement
  readonly #ofAuthor: Statement<[Uint8Array], { id: number }>
  readonly #count: Statement<[number], { n: number }>
  readonly #total: Statement<[], { n: number }>
  readonly #find: Statement<[Uint8Array], { id: number }>
  readonly #insert: Statement
  readonly #byId: Statement<[number], SeriesRecord>
  readonly #pageOf: Statement<[{ name: string | null; after: number }], SeriesRecord>
  readonly #noteLast: Statement
  readonly #deleteBefore: Statement
  readonly #deleteLasts: Statement
  readonly #deleteSources: Statement

  constructor(db: Database) {
    this.#findSource = db.prepare('SELECT id FROM metric_source WHERE author = ? AND module = ?')
    this.#insertSource = db.prepare('INSERT INTO metric_source (author, module) VALUES (?, ?)')
    this.#ofAuthor = db.prepare('SELECT id FROM metric_source WHERE author = ? LIMIT 1')
    this.#count = db.prepare('SELECT count(*) AS n FROM metric_series WHERE source = ?')
    this.#total = db.prepare('SELECT count(*) AS n FROM metric_series')
    this.#find = db.prepare('SELECT id FROM metric_series WHERE key = ?')
    this.#insert = db.prepare('INSERT INTO metric_series (key, source, name, identity) VALUES (?, ?, ?, ?)')
    this.#byId = db.prepare(`SELECT ${COLUMNS} WHERE s.id = ?`)
    this.#pageOf = db.prepare(
      `SELECT ${COLUMNS} WHERE (@name IS NULL OR s.name = @name) AND s.id > @after ORDER BY s.id LIMIT ${PAGE}`,
    )
    this.#noteLast = db.prepare(
      `INSERT INTO metric_last VALUES (?, ?, ?) ON CONFLICT (series)
       DO UPDATE SET time_ms = excluded.time_ms, value = excluded.value WHERE excluded.time_ms > time_ms
         OR (excluded.time_ms = time_ms AND excluded.value IS NOT NULL AND (value IS NULL OR excluded.value > value))`,
    )
    this.#deleteBefore = db.prepare(
      'DELETE FROM metric_series WHERE id NOT IN (SELECT series FROM metric_last WHERE time_ms >= ?)',
    )
    this.#deleteLasts = db.prepare('DELETE FROM metric_last WHERE series NOT IN (SELECT id FROM metric_series)')
    this.#deleteSources = db.prepare('DELETE FROM metric_source WHERE id NOT IN (SELECT source FROM metric_series)')
  }

  hasAuthor(author: DeviceId): boolean {
    return this.#ofAuthor.get(idBytes(author)) !== undefined
  }

  sourceOf(author: DeviceId, module: string): SourceId {
    const known = this.#findSource.get(idBytes(author), module)
    return known?.id ?? Number(this.#insertSource.run(idBytes(author), module).lastInsertRowid)
  }

  countOf(source: SourceId): number {
    return this.#count.get(source)?.n ?? 0
  }

  total(): number {
    return this.#total.get()?.n ?? 0
  }

  find(key: Uint8Array): SeriesId | undefined {
    return this.#find.get(key)?.id
  }

  insert({ key, source, name, identity }: NewSeries): SeriesId {
    return Number(this.#insert.run(key, source, name, identity).lastInsertRowid)
  }

  get(id: SeriesId): StoredSeries | undefined {
    const record = this.#byId.get(id)
    return record && toSeries(record)
  }

  /** By id, a page at a time as they are taken; all of them without a name. */
  *named(name: string | undefined): Generator<StoredSeries> {
    for (let after = 0; ;) {
      const page = this.#pageOf.all({ name: name ?? null, after })
      yield* page.map(toSeries)
      if (page.length < PAGE) return
      after = page.at(-1)?.id as number
    }
  }

  /** Unless a later one is known; of one time the same one is left in whatever order they come. */
  noteLast(id: SeriesId, timeMs: number, value: number | null): void {
    this.#noteLast.run(id, timeMs, value)
  }

  /** Series whose latest sample is before a time, and sources without series. @returns how many series */
  deleteBefore(timeMs: number): number {
    const { changes } = this.#deleteBefore.run(timeMs)
    if (changes > 0) {
      this.#deleteLasts.run()
      this.#deleteSources.run()
    }
    return changes
  }
}

function toSeries({ author, lastMs, ...record }: SeriesRecord): StoredSeries {
  return { ...record, deviceId: toDeviceId(author) as DeviceId, lastMs: lastMs ?? 0 }
}
