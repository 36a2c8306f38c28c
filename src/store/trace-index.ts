/** Which segments hold spans of a trace, and what a list needs to know of it. Derived: it can be rebuilt from segments. */
import type { Database, Statement } from 'better-sqlite3'
import { fromHex } from '../base/bytes.ts'
import { idBytes, toTraceId, type TraceId } from '../model/ids.ts'
import type { TraceEntry } from '../wire/index/digest.ts'
import type { LogRowId } from './log-table.ts'
import type { SegmentRowId } from './segment-table.ts'

const TRACE_ID_DIGITS = 32
/** Index rows read at once. */
const SEGMENTS_PAGE = 256

export interface TraceRef extends TraceEntry {
  readonly segment: SegmentRowId
}

/** A segment that holds spans of a trace. */
export interface TraceSegment extends Pick<TraceRef, 'segment' | 'startUnixNano' | 'endUnixNano' | 'spans'> {
  readonly log: LogRowId
  /** Of the whole segment, once decompressed. */
  readonly rawBytes: number
}

interface SegmentRecord {
  readonly segment: bigint
  readonly start: bigint
  readonly end: bigint
  readonly spans: bigint
  readonly log: bigint
  readonly rawBytes: bigint
}
interface RefRecord {
  readonly trace_id: Uint8Array
  readonly segment: bigint
  readonly start_nano: bigint
  readonly end_nano: bigint
  readonly spans: bigint
  readonly errors: bigint
  readonly root_name: string | null
}

export class TraceIndex {
  readonly #insert: Statement
  readonly #segmentsOf: Statement<[Uint8Array, bigint, bigint, SegmentRowId], SegmentRecord>
  readonly #spansOf: Statement<[Uint8Array, SegmentRowId], { spans: number }>
  readonly #idsBetween: Statement<[Uint8Array, Uint8Array, number], { trace_id: Uint8Array }>
  readonly #newestIds: Statement<[number], { trace_id: Uint8Array }>
  readonly #refsOf: Statement<[Uint8Array], RefRecord>
  readonly #deleteOfLog: Statement

  constructor(db: Database) {
    this.#insert = db.prepare('INSERT INTO trace_ref VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#segmentsOf = db
      .prepare<[Uint8Array, bigint, bigint, SegmentRowId], SegmentRecord>(
        `SELECT r.segment, r.start_nano AS start, r.end_nano AS end, r.spans, s.log, s.raw_bytes AS rawBytes
         FROM trace_ref r JOIN segment s ON s.id = r.segment
         WHERE r.trace_id = ? AND (r.start_nano, r.segment) > (?, ?) AND r.segment <= ?
         ORDER BY r.start_nano, r.segment LIMIT ${SEGMENTS_PAGE}`,
      )
      .safeIntegers()
    this.#spansOf = db.prepare(
      'SELECT coalesce(sum(spans), 0) AS spans FROM trace_ref WHERE trace_id = ? AND segment <= ?',
    )
    this.#idsBetween = db.prepare('SELECT DISTINCT trace_id FROM trace_ref WHERE trace_id BETWEEN ? AND ? LIMIT ?')
    this.#newestIds = db.prepare(
      `SELECT trace_id FROM trace_ref GROUP BY trace_id ORDER BY max(start_nano) DESC LIMIT ?`,
    )
    this.#refsOf = db.prepare<[Uint8Array], RefRecord>('SELECT * FROM trace_ref WHERE trace_id = ?').safeIntegers()
    this.#deleteOfLog = db.prepare('DELETE FROM trace_ref WHERE segment IN (SELECT id FROM segment WHERE log = ?)')
  }

  insert(segment: SegmentRowId, entries: Iterable<TraceEntry>): void {
    for (const { traceId, startUnixNano, endUnixNano, spans, errors, rootName } of entries) {
      this.#insert.run(idBytes(traceId), segment, startUnixNano, endUnixNano, spans, errors, rootName ?? null)
    }
  }

  /**
   * Segments up to a row id that hold spans of a trace, by earliest start. Read a page at a time as they are taken:
   * nothing is held open in between, and what is deleted meanwhile is left out.
   */
  *segmentsOf(traceId: TraceId, upTo: SegmentRowId): Generator<TraceSegment> {
    let after = { start: -1n, segment: 0n }
    for (;;) {
      const page = this.#segmentsOf.all(idBytes(traceId), after.start, after.segment, upTo)
      yield* page.map(toTraceSegment)
      if (page.length < SEGMENTS_PAGE) return
      after = page.at(-1) as SegmentRecord
    }
  }

  /** Spans of a trace in all of {@link segmentsOf}. */
  spansOf(traceId: TraceId, upTo: SegmentRowId): number {
    return this.#spansOf.get(idBytes(traceId), upTo)?.spans ?? 0
  }

  refsOf(traceId: TraceId): readonly TraceRef[] {
    return this.#refsOf.all(idBytes(traceId)).map(toRef)
  }

  /** Ids that begin with these lowercase hex digits. */
  idsFrom(prefix: string, limit: number): readonly TraceId[] {
    const end = (digit: string): Uint8Array => fromHex(prefix.padEnd(TRACE_ID_DIGITS, digit)) as Uint8Array
    return this.#idsBetween.all(end('0'), end('f'), limit).map(({ trace_id: id }) => toTraceId(id) as TraceId)
  }

  newest(limit: number): readonly TraceRef[] {
    return this.#newestIds.all(limit).flatMap(({ trace_id: id }) => this.#refsOf.all(id).map(toRef))
  }

  deleteLog(log: number): void {
    this.#deleteOfLog.run(log)
  }
}

function toTraceSegment({ segment, start, end, spans, log, rawBytes }: SegmentRecord): TraceSegment {
  return {
    segment: Number(segment),
    startUnixNano: start,
    endUnixNano: end,
    spans: Number(spans),
    log: Number(log),
    rawBytes: Number(rawBytes),
  }
}

function toRef(record: RefRecord): TraceRef {
  return {
    traceId: toTraceId(record.trace_id) as TraceId,
    segment: Number(record.segment),
    startUnixNano: record.start_nano,
    endUnixNano: record.end_nano,
    spans: Number(record.spans),
    errors: Number(record.errors),
    rootName: record.root_name ?? undefined,
  }
}
