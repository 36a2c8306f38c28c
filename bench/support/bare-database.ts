/**
 * What the bare parts make of a store: the encrypted SQLite that the agent uses too, exports compressed as they came, and a
 * row for each trace in each of them. Nothing is checked, nothing can be shared, proven or deleted by epoch.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Statement } from 'better-sqlite3'
import { openEncrypted, type Database } from '../../src/store/open-encrypted.ts'
import { BareScan } from './bare-scan.ts'
import { TraceGroups } from './trace-groups.ts'

/** The same at every opening: the file holds made-up spans. */
const KEY = new Uint8Array(32).fill(0x5a)
/** Most spans in one export. */
const MAX_SPANS = 65_536
const ZSTD_1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS segment (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS trace (
    trace_id BLOB, segment INTEGER, start BLOB, end BLOB, spans INTEGER, PRIMARY KEY (trace_id, segment)
  ) WITHOUT ROWID;
  CREATE TEMP TABLE unsorted (trace_id BLOB, segment INTEGER, start BLOB, end BLOB, spans INTEGER);
`

type InsertTrace = Statement<[Uint8Array, number | bigint, Uint8Array, Uint8Array, number]>

export class BareDatabase {
  readonly #db: Database
  readonly #scan = new BareScan(MAX_SPANS)
  readonly #groups = new TraceGroups(MAX_SPANS)
  readonly #insertSegment
  readonly #insertTrace: InsertTrace
  readonly #insertUnsorted: InsertTrace
  readonly #segmentsOf

  constructor(file: string) {
    this.#db = openEncrypted(file, KEY)
    this.#db.exec(SCHEMA)
    this.#insertSegment = this.#db.prepare('INSERT INTO segment (body) VALUES (?)')
    this.#insertTrace = this.#db.prepare('INSERT INTO trace VALUES (?, ?, ?, ?, ?)')
    this.#insertUnsorted = this.#db.prepare('INSERT INTO unsorted VALUES (?, ?, ?, ?, ?)')
    this.#segmentsOf = this.#db
      .prepare<[Uint8Array], Uint8Array>(
        'SELECT body FROM trace JOIN segment ON segment.id = trace.segment WHERE trace_id = ?',
      )
      .pluck()
  }

  /** Commits exports of spans, scanned, compressed and indexed. */
  index(exports: readonly Uint8Array[]): void {
    this.#together(() => {
      for (const body of exports) this.#indexOne(body, this.#insertTrace)
    })
  }

  /** The same, with an index that is of use only after {@link sortIndex}: many times faster for millions. */
  indexLater(exports: readonly Uint8Array[]): void {
    this.#together(() => {
      for (const body of exports) this.#indexOne(body, this.#insertUnsorted)
    })
  }

  sortIndex(): void {
    this.#db.exec('INSERT INTO trace SELECT * FROM unsorted ORDER BY trace_id, segment; DELETE FROM unsorted')
  }

  /** Commits exports as they came. */
  keep(exports: readonly Uint8Array[]): void {
    this.#together(() => {
      for (const body of exports) this.#insertSegment.run(body)
    })
  }

  /** Spans of one trace: its exports by key, decompressed and scanned. */
  spansOf(traceId: Uint8Array): number {
    const wanted = Buffer.from(traceId)
    let spans = 0
    for (const body of this.#segmentsOf.all(traceId)) {
      const bytes = zstdDecompressSync(body)
      const { count, traceIdAt } = this.#scan.scan(bytes)
      for (let row = 0; row < count; row++) {
        const at = traceIdAt[row] as number
        if (wanted.compare(bytes, at, at + wanted.length) === 0) spans++
      }
    }
    return spans
  }

  /** Every export kept, decompressed, one after the other. */
  *bodies(): Generator<Uint8Array> {
    for (const body of this.#db.prepare<[], Uint8Array>('SELECT body FROM segment').pluck().iterate()) {
      yield zstdDecompressSync(body)
    }
  }

  close(): void {
    this.#db.close()
  }

  #indexOne(body: Uint8Array, insert: InsertTrace): void {
    const { lastInsertRowid } = this.#insertSegment.run(zstdCompressSync(body, ZSTD_1))
    this.#groups.group(body, this.#scan.scan(body))
    for (const { traceId, start, end, spans } of this.#groups.traces(body)) {
      insert.run(traceId, lastInsertRowid, start, end, spans)
    }
  }

  #together(work: () => void): void {
    this.#db.transaction(work)()
  }
}
