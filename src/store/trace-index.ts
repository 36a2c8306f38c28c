/**
 * What segments are found by: the summaries of their traces, and postings of their traces and tokens. Derived: it can be
 * made again from segments (docs/spec/index.md).
 */
import type { Database, Statement } from 'better-sqlite3'
import type { Steps } from '../base/steps.ts'
import type { TraceId } from '../model/ids.ts'
import type { Digest, TraceEntry } from '../wire/index/digest.ts'
import { traceKey, traceKeyRange, traceKeys } from '../wire/index/trace-key.ts'
import { decodeTraceSummaries, encodeTraceSummaries, findTraceSummary } from '../wire/index/trace-summaries.ts'
import type { LogRowId } from './log-table.ts'
import type { PostingIndex } from './postings/posting-index.ts'
import type { SegmentRowId } from './segment-table.ts'

/** Segments whose summaries are remembered: those of the newest traces are asked for again and again. */
const MAX_REMEMBERED = 256
/** Looks into one segment's summaries after which they are decoded. */
const FEW_LOOKS = 4
/** Segments looked into between two yields: about a millisecond. */
const SEGMENTS_PER_STEP = 16
/** Keys read at once. */
const KEYS_PAGE = 64
/** Of ids that begin alike, so many are looked at: a tenth of a second, and more than begin with four digits among ten million. */
const MAX_KEYS_LOOKED = 512

/** What a segment holds of a trace. */
export interface TraceRef extends TraceEntry {
  readonly segment: SegmentRowId
}
/** A segment that holds spans of a trace. */
export interface TraceSegment extends TraceRef {
  readonly log: LogRowId
  /** Of the whole segment, once decompressed. */
  readonly rawBytes: number
}

interface SegmentTraces {
  readonly log: LogRowId
  readonly rawBytes: number
  readonly bytes: Uint8Array
}
/** To pass over all but one is quicker than to decode all of them, for as long as few are asked for. */
interface Remembered extends SegmentTraces {
  looks: number
  byId: ReadonlyMap<TraceId, TraceEntry> | undefined
}

export class TraceIndex {
  readonly #postings: PostingIndex
  readonly #insert: Statement<[SegmentRowId, Uint8Array]>
  readonly #summariesOf: Statement<[SegmentRowId], SegmentTraces>
  readonly #delete: Statement<[SegmentRowId]>
  readonly #deleteOfLog: Statement<[LogRowId]>
  readonly #remembered = new Map<SegmentRowId, Remembered>()

  constructor(db: Database, postings: PostingIndex) {
    this.#postings = postings
    this.#insert = db.prepare('INSERT INTO trace_summary (segment, bytes) VALUES (?, ?)')
    this.#summariesOf = db.prepare(
      `SELECT s.log, s.raw_bytes AS rawBytes, t.bytes FROM trace_summary t JOIN segment s ON s.id = t.segment
       WHERE t.segment = ?`,
    )
    this.#delete = db.prepare('DELETE FROM trace_summary WHERE segment = ?')
    this.#deleteOfLog = db.prepare('DELETE FROM trace_summary WHERE segment IN (SELECT id FROM segment WHERE log = ?)')
  }

  /** Inside the transaction that writes the segment; segments in the order of their row ids. */
  insert(segment: SegmentRowId, { traces, tokens }: Pick<Digest, 'traces' | 'tokens'>): void {
    this.#insertInto(this.#postings, segment, { traces, tokens })
  }

  /** The same of a segment that is here already, as read from it again; its postings go into an index that is being made. */
  rewrite(segment: SegmentRowId, digest: Pick<Digest, 'traces' | 'tokens'>, into: PostingIndex): void {
    this.drop(segment)
    this.#insertInto(into, segment, digest)
  }

  /**
   * Of one that cannot be read now: it stays found by what was known of it, and is looked into by every search that may concern
   * it, until its body is here again.
   */
  rewriteUnread(segment: SegmentRowId, into: PostingIndex): void {
    if (!this.#isKnown(segment)) this.drop(segment)
    into.add(segment, { traces: undefined, tokens: undefined })
  }

  #isKnown(segment: SegmentRowId): boolean {
    const record = this.#summariesOf.get(segment)
    try {
      return record !== undefined && decodeTraceSummaries(record.bytes).length > 0
    } catch {
      return false // damaged as well
    }
  }

  #insertInto(
    postings: PostingIndex,
    segment: SegmentRowId,
    { traces, tokens }: Pick<Digest, 'traces' | 'tokens'>,
  ): void {
    if (traces.length > 0) this.#insert.run(segment, encodeTraceSummaries(traces))
    postings.add(segment, { traces: traceKeys(traces.map(({ traceId }) => traceId)), tokens })
  }

  /** Segments up to a row id that hold spans of a trace, by earliest start. */
  *segmentsOf(traceId: TraceId, upTo: SegmentRowId): Steps<readonly TraceSegment[]> {
    const found: TraceSegment[] = []
    for (const [i, segment] of this.#postings.traces.find(traceKey(traceId)).entries()) {
      if ((i + 1) % SEGMENTS_PER_STEP === 0) yield
      if (segment <= upTo) found.push(...this.#traceIn(segment, traceId))
    }
    return found.sort(byStart)
  }

  /** Ids that begin with these lowercase hex digits, at most `limit`; undefined if too many may. */
  idsFrom(prefix: string, limit: number): readonly TraceId[] | undefined {
    const ids = new Set<TraceId>()
    let looked = 0
    for (const key of this.#keysFrom(prefix)) {
      if (++looked > MAX_KEYS_LOOKED) return undefined
      for (const segment of this.#postings.traces.find(key)) {
        for (const { traceId } of this.#entriesOf(segment)) {
          if (traceId.startsWith(prefix)) ids.add(traceId)
          if (ids.size === limit) return [...ids]
        }
      }
    }
    return [...ids]
  }

  /** Read a page at a time as they are taken: of many, nothing may be left but a key. */
  *#keysFrom(prefix: string): Generator<number> {
    const { from, to } = traceKeyRange(prefix)
    for (let next = from; ;) {
      const keys = this.#postings.traces.keysBetween(next, to, KEYS_PAGE)
      yield* keys
      if (keys.length < KEYS_PAGE) return
      next = (keys.at(-1) as number) + 1
    }
  }

  #entriesOf(segment: SegmentRowId): readonly TraceEntry[] {
    const traces = this.#tracesOf(segment)
    return traces === undefined ? [] : this.#postings.watched(() => decodeTraceSummaries(traces.bytes))
  }

  /** Of a segment that is dropped; postings follow when they are pruned. Inside the caller's transaction. */
  drop(segment: SegmentRowId): void {
    this.#delete.run(segment)
    this.#remembered.delete(segment)
  }

  deleteLog(log: LogRowId): void {
    this.#deleteOfLog.run(log)
    this.#remembered.clear()
    this.#postings.prune()
  }

  #traceIn(segment: SegmentRowId, traceId: TraceId): readonly TraceSegment[] {
    const traces = this.#tracesOf(segment)
    if (traces === undefined) return []
    const { log, rawBytes } = traces
    const entry = this.#postings.watched(() => findEntry(traces, traceId))
    return entry === undefined ? [] : [{ ...entry, segment, log, rawBytes }]
  }

  #tracesOf(segment: SegmentRowId): Remembered | undefined {
    const known = this.#remembered.get(segment)
    if (known) return known
    const record = this.#summariesOf.get(segment)
    if (record === undefined) return undefined
    const traces = { ...record, looks: 0, byId: undefined }
    this.#remember(segment, traces)
    return traces
  }

  #remember(segment: SegmentRowId, traces: Remembered): void {
    const [oldest] = this.#remembered.keys()
    if (oldest !== undefined && this.#remembered.size >= MAX_REMEMBERED) this.#remembered.delete(oldest)
    this.#remembered.set(segment, traces)
  }
}

function findEntry(traces: Remembered, traceId: TraceId): TraceEntry | undefined {
  if (++traces.looks <= FEW_LOOKS) return findTraceSummary(traces.bytes, traceId)
  traces.byId ??= new Map(decodeTraceSummaries(traces.bytes).map((entry) => [entry.traceId, entry]))
  return traces.byId.get(traceId)
}

function byStart(a: TraceSegment, b: TraceSegment): number {
  if (a.startUnixNano === b.startUnixNano) return a.segment - b.segment
  return a.startUnixNano < b.startUnixNano ? -1 : 1
}
