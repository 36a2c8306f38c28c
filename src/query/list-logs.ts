/**
 * Log records that match a search, from every device that lets us see its logs (docs/spec/query.md QU14, QU23). Each
 * record once, oldest first; of too many, those nearest to where the page begins are listed and the rest counted. Chunks
 * are opened in the order the page goes, and no more of them than the answer takes.
 */
import { toHex } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import { decodeLogRecord, type DecodedLogRecord } from '../wire/otlp/decode-logs.ts'
import { OtlpError } from '../wire/otlp/otlp-error.ts'
import type { OtlpJsonObject } from '../wire/otlp/to-json.ts'
import { logLine, timeOf, type LogLine } from './log-line.ts'
import { inPageOrder, logsOfDevices, type DeviceChunk, type LogPage } from './log-chunks.ts'
import { otlpLines } from './otlp-lines.ts'
import { PageLines, type PageDirection } from './page-lines.ts'
import { Look, type Looked } from './search/look.ts'
import { isWithin, prepareSearch, type SearchDeps } from './search/prepared-search.ts'
import type { ChunkOrigin, RecordFilter } from './search/record-filter.ts'
import type { LogHead } from './search/record-head.ts'
import { readCursor, writeCursor, type Place } from './search/search-cursor.ts'
import type { SearchQuery } from './search/search-query.ts'
import type { CandidateTotals } from './search/search-source.ts'
import { traceClocks, type TraceClocks } from './trace-order.ts'
import type { MeshKnowledge, StoredChunk } from './trace-source.ts'

/** Lines when the caller names no limit: a few screens. */
export const DEFAULT_LOG_LIMIT = 200
/** Most bytes of records listed in one answer: 3 KB for each of the most lines. */
export const MAX_LOG_KEPT_BYTES = 16 << 20
/** A record as OTLP/JSON beside its line takes so many times the memory. */
const OTLP_JSON_FACTOR = 4
const DIRECTIONS: readonly PageDirection[] = ['older', 'newer']

export interface LogList {
  readonly logs: readonly LogLine[]
  /** Matching records that are known of and not listed. */
  readonly omitted: number
  /** Chunks that were not opened, and may hold matching records that `omitted` does not count. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
  /** Asks for the page before the first line; null where there is none. */
  readonly older: string | null
  /** Asks for what comes behind the last line, also later; null while there is no line. */
  readonly newer: string | null
  readonly looked: Looked
}

/** @throws {SearchError} `SEARCH_CURSOR` */
export function* listLogs(query: SearchQuery, deps: SearchDeps): Steps<LogList> {
  const search = prepareSearch(query, deps)
  const begin = query.cursor === undefined ? undefined : readCursor(search.key, DIRECTIONS, query.cursor)
  const { withOtlp = false } = query
  const page: LogPage = { direction: begin?.order ?? 'older', begin }
  const limits = {
    lines: query.limit ?? DEFAULT_LOG_LIMIT,
    bytes: withOtlp ? MAX_LOG_KEPT_BYTES / OTLP_JSON_FACTOR : MAX_LOG_KEPT_BYTES,
  }
  const lines = new PageLines(limits, page.direction, page.begin)
  const look = new Look(deps.limits)
  const clocks = traceClocks(deps.knowledge)
  const logs = logsOfDevices(query, search, page, clocks, deps.source)
  const read = yield* readLines(inPageOrder(logs, page, clocks), lines, look, { ...deps, clocks, withOtlp })
  const { lines: placed, records } = lines.result()
  const left = countUnread(logs.totals, read, query.conditions.length > 0 || look.isCut)
  const omitted = read.matching - records + left.records
  const ends = endsOf(placed, page, read.cutAt, omitted + left.chunks > 0)
  const cursor = (order: PageDirection, place: Place | undefined): string | null =>
    place === undefined ? null : writeCursor({ key: search.key, order }, place)
  return {
    logs: placed.map(({ line }) => line),
    omitted,
    omittedChunks: left.chunks,
    unreadableChunks: read.unreadable,
    older: cursor('older', ends.older),
    newer: cursor('newer', ends.newer),
    looked: look.result(logs.totals.chunks),
  }
}

type ReadDeps = SearchDeps & { readonly clocks: TraceClocks; readonly withOtlp: boolean }

interface ReadLines {
  readonly matching: number
  readonly unreadable: number
  /** Of the chunks that were opened. */
  readonly opened: CandidateTotals
  /** Where it was cut, on our clock. */
  readonly cutAt: bigint | undefined
}

function* readLines(chunks: Iterable<DeviceChunk>, lines: PageLines, look: Look, deps: ReadDeps): Steps<ReadLines> {
  const opened = { chunks: 0, edgeChunks: 0, records: 0 }
  let [matching, unreadable] = [0, 0]
  let cutAt: bigint | undefined
  for (const each of chunks) {
    if (!lines.hasPlaceAt(each.nearest)) break
    if (!look.take(each.chunk)) {
      cutAt = each.nearest
      break
    }
    noteOpened(opened, each)
    try {
      matching += yield* readChunk(each, lines, deps)
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      look.noteUnreadable()
      unreadable++
    }
    lines.trim()
    yield
  }
  return { matching, unreadable, opened, cutAt }
}

/** @returns how many of its records match. @throws {OtlpError} for one that cannot be read: none of its lines are added then */
function* readChunk(
  { chunk, filterFor, of, hasConditions }: DeviceChunk,
  lines: PageLines,
  { clocks, knowledge, sha256, withOtlp }: ReadDeps,
): Steps<number> {
  const filter = filterFor(isWithin(chunk, of))
  // What a chunk proves costs more than a look into it: it is only found out where there are lines.
  const payload = hasConditions ? chunk.read() : undefined
  let matching = payload && matchesIn(payload, chunk, filter)
  if (hasConditions && !matching?.length) return 0
  const stored = yield* chunk.open(payload)
  if (stored === undefined) return 0
  matching ??= matchesIn(stored.payload, chunk, filter)
  const placed = matching.filter(({ unixNano }) => lines.hasPlaceAt(clocks.corrected(chunk.deviceId, unixNano)))
  const found = placed.map(({ start, end }) => decodeLogRecord(stored.payload.subarray(start, end)))
  const otlp = withOtlp ? otlpLines(stored, placed, knowledge) : []
  const beyond = found.filter(
    (record, i) => !lines.add(placedLine(record, stored, otlp[i], { clocks, knowledge, sha256 })),
  )
  stored.free?.()
  return matching.length - beyond.length
}

/** Where a record lies in its chunk, and when it was recorded. */
interface Match {
  readonly start: number
  readonly end: number
  readonly unixNano: bigint
}

function matchesIn(payload: Uint8Array, chunk: ChunkOrigin, filter: RecordFilter<LogHead>): readonly Match[] {
  const matches: Match[] = []
  filter.walk(payload, chunk, ({ record: { start, end }, time }) => {
    matches.push({ start, end, unixNano: time.toBigInt() })
  })
  return matches
}

interface LineDeps {
  readonly clocks: TraceClocks
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
}

function placedLine(
  record: DecodedLogRecord,
  chunk: StoredChunk,
  otlp: OtlpJsonObject | undefined,
  { clocks, knowledge, sha256 }: LineDeps,
) {
  return {
    line: logLine(record, chunk, knowledge, otlp),
    value: clocks.corrected(chunk.deviceId, timeOf(record)),
    // Device and content; the content holds trace and span id.
    tie: `${chunk.deviceId} ${toHex(sha256(record.recordBytes))}`,
    bytes: record.recordBytes.length,
  }
}

function noteOpened(opened: { chunks: number; edgeChunks: number; records: number }, { chunk, of }: DeviceChunk): void {
  opened.chunks++
  if (isWithin(chunk, of)) opened.records += chunk.records
  else opened.edgeChunks++
}

/** Where all that was not opened is farther and matches, its records are counted unopened; else only its chunks can be. */
function countUnread(totals: CandidateTotals, { opened }: ReadLines, isUnknown: boolean) {
  if (isUnknown) return { records: 0, chunks: totals.chunks - opened.chunks }
  return { records: totals.records - opened.records, chunks: totals.edgeChunks - opened.edgeChunks }
}

/** Where the pages beside this one begin. One that was cut goes on where it stopped looking, and may repeat lines. */
function endsOf(lines: readonly Place[], { direction, begin }: LogPage, cutAt: bigint | undefined, isMore: boolean) {
  const [first, last] = [lines[0], lines.at(-1)]
  if (direction === 'newer') return { older: first, newer: cutAt === undefined ? (last ?? begin) : placeAt(cutAt) }
  if (cutAt === undefined) return { older: isMore ? first : undefined, newer: last }
  const place = placeAt(cutAt + 1n)
  return { older: begin !== undefined && place.value >= begin.value ? undefined : place, newer: last }
}

function placeAt(value: bigint): Place {
  return { value, tie: '' }
}
