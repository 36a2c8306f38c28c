/**
 * Log records of a time range or a trace, from every device that lets us see its logs (docs/spec/query.md QU14, QU23).
 * Each record once, oldest first; of too many, the newest are listed and the rest counted. Chunks are opened newest
 * first, and no more of them than the answer takes.
 */
import { toHex } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import type { TraceId } from '../model/ids.ts'
import { decodeLogRecords, type DecodedLogRecord } from '../wire/otlp/decode-logs.ts'
import { decodeChunk } from './decode-chunk.ts'
import { logLine, timeOf, type LogLine } from './log-line.ts'
import { mergeSorted } from './merge-sorted.ts'
import { NewestLines } from './newest-lines.ts'
import { ReadBudget } from './read-budget.ts'
import { traceClocks, type TraceClocks } from './trace-order.ts'
import type { ChunkRef, MeshKnowledge, StoredChunk } from './trace-source.ts'

/** Lines when the caller names no limit: a few screens. */
export const DEFAULT_LOG_LIMIT = 200
/** Most lines in one answer. */
export const MAX_LOG_LIMIT = 5000
/** Most bytes opened for one answer: 13 KB for each of the most lines, some of which are looked at and not listed. */
export const MAX_LOG_RAW_BYTES = 64 << 20
/** Most bytes of records listed in one answer: 3 KB for each of the most lines. */
export const MAX_LOG_KEPT_BYTES = 16 << 20

export interface LogFilter {
  /** Recorded at or after, on the recording device's clock. */
  readonly fromUnixNano?: bigint | undefined
  /** Recorded before. */
  readonly toUnixNano?: bigint | undefined
  readonly traceId?: TraceId | undefined
}

/** Chunks that may hold a record of a time range. */
export interface LogChunks {
  /** One list a log; in each, chunks of one device by latest time, the newest first, read from the index as they are taken. */
  readonly logs: readonly Iterable<ChunkRef>[]
  readonly chunks: number
  /** Of these chunks, those that may hold records outside of the range too. */
  readonly edgeChunks: number
  /** Records of the chunks that lie within the range. */
  readonly records: number
}

export interface LogSource {
  /** What is stored at this moment; what comes later is not among it. Others' records in it are left out here. */
  logChunks(filter: Pick<LogFilter, 'fromUnixNano' | 'toUnixNano'>): LogChunks
}

export interface LogList {
  readonly logs: readonly LogLine[]
  /** Matching records that are known of and not listed. */
  readonly omitted: number
  /** Chunks that were not opened, and may hold matching records that `omitted` does not count. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

export interface ListLogsDeps {
  readonly source: LogSource
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
}

/** `limit` is brought into 1..{@link MAX_LOG_LIMIT}. */
export function* listLogs(filter: LogFilter, deps: ListLogsDeps, limit: number = DEFAULT_LOG_LIMIT): Steps<LogList> {
  const lines = Math.min(Math.max(Math.trunc(limit) || DEFAULT_LOG_LIMIT, 1), MAX_LOG_LIMIT)
  const stored = deps.source.logChunks(filter)
  const newest = new NewestLines({ lines, bytes: MAX_LOG_KEPT_BYTES })
  const read = yield* readNewest(filter, stored, deps, newest)
  const { lines: logs, records } = newest.result()
  const left = countUnread(stored, read, filter)
  return {
    logs,
    omitted: read.matching - records + left.records,
    omittedChunks: left.chunks,
    unreadableChunks: read.unreadableChunks,
  }
}

interface ReadLogs {
  readonly matching: number
  readonly unreadableChunks: number
  /** Of the chunks that were opened, as {@link LogChunks}. */
  readonly opened: Pick<LogChunks, 'chunks' | 'edgeChunks' | 'records'>
  /** What was not opened is older than all that is listed. */
  readonly restIsOlder: boolean
}

function* readNewest(
  filter: LogFilter,
  stored: LogChunks,
  { knowledge, sha256 }: ListLogsDeps,
  newest: NewestLines,
): Steps<ReadLogs> {
  const clocks = traceClocks(knowledge)
  const budget = new ReadBudget(MAX_LOG_RAW_BYTES)
  const opened = { chunks: 0, edgeChunks: 0, records: 0 }
  let [matching, unreadableChunks, restIsOlder] = [0, 0, true]
  for (const ref of mergeSorted(stored.logs, (a, b) => compareLatest(a, b, clocks))) {
    if (!newest.hasPlaceAt(latestOf(ref, clocks))) break
    restIsOlder = budget.take(ref)
    if (!restIsOlder) break
    noteOpened(opened, ref, filter)
    const chunk = yield* ref.open()
    if (chunk === undefined) continue
    const decoded = decodeChunk(chunk, decodeLogRecords)
    if (decoded === undefined) unreadableChunks++
    for (const record of decoded ?? []) {
      if (!matches(record, filter)) continue
      matching++
      const correctedTime = clocks.corrected(chunk.deviceId, timeOf(record))
      if (!newest.hasPlaceAt(correctedTime)) continue
      const [line, key, bytes] = [
        logLine(record, chunk, knowledge),
        keyOf(record, chunk, sha256),
        record.recordBytes.length,
      ]
      newest.add({ line, correctedTime, key, bytes })
    }
    newest.trim()
    yield
  }
  return { matching, unreadableChunks, opened, restIsOlder }
}

/** Where all that was not opened is older and matches, its records are counted unopened; else only its chunks can be. */
function countUnread(
  stored: LogChunks,
  { opened, restIsOlder }: ReadLogs,
  { traceId }: LogFilter,
): { readonly records: number; readonly chunks: number } {
  const edgeChunks = stored.edgeChunks - opened.edgeChunks
  if (restIsOlder && traceId === undefined) return { records: stored.records - opened.records, chunks: edgeChunks }
  return { records: 0, chunks: stored.chunks - opened.chunks }
}

function noteOpened(opened: { chunks: number; edgeChunks: number; records: number }, ref: ChunkRef, filter: LogFilter) {
  opened.chunks++
  if (isOnEdge(ref, filter)) opened.edgeChunks++
  else opened.records += ref.records
}

function isOnEdge({ earliestUnixNano, latestUnixNano }: ChunkRef, { fromUnixNano, toUnixNano }: LogFilter): boolean {
  return (
    (fromUnixNano !== undefined && earliestUnixNano < fromUnixNano) ||
    (toUnixNano !== undefined && latestUnixNano >= toUnixNano)
  )
}

function latestOf(ref: ChunkRef, clocks: TraceClocks): bigint {
  return clocks.corrected(ref.deviceId, ref.latestUnixNano)
}

/** Newest first. */
function compareLatest(a: ChunkRef, b: ChunkRef, clocks: TraceClocks): number {
  const [latestA, latestB] = [latestOf(a, clocks), latestOf(b, clocks)]
  if (latestA === latestB) return 0
  return latestA > latestB ? -1 : 1
}

function matches(record: DecodedLogRecord, { fromUnixNano, toUnixNano, traceId }: LogFilter): boolean {
  if (traceId !== undefined && record.traceId !== traceId) return false
  const time = timeOf(record)
  return (fromUnixNano === undefined || time >= fromUnixNano) && (toUnixNano === undefined || time < toUnixNano)
}

/** Device and content; the content holds trace and span id. */
function keyOf(record: DecodedLogRecord, chunk: StoredChunk, sha256: Sha256): string {
  return `${chunk.deviceId} ${toHex(sha256(record.recordBytes))}`
}
