/**
 * Traces of which a span matches, as summaries (docs/spec/search.md). Chunks are looked at newest first, and no further
 * once no trace in what is left can have a place on the page, nor at what pages before are done with; one chunk is in memory
 * at a time.
 */
import { toHex } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'
import type { TraceId } from '../../model/ids.ts'
import { describeTrace, type TraceListEntry } from '../trace-entry.ts'
import { chunkPart, type PartMaker } from './chunk-part.ts'
import { ChunksLeft } from './done-chunks.ts'
import { Look, type Looked } from './look.ts'
import { prepareSearch, type PreparedSearch, type SearchDeps } from './prepared-search.ts'
import { spanFilter } from './record-filter.ts'
import type { SpanHead } from './record-head.ts'
import { atAnyTime, type SearchQuery } from './search-query.ts'
import type { SearchChunk } from './search-source.ts'
import { equalsAt } from './text-in-bytes.ts'
import { TopTraces } from './top-traces.ts'
import { readTraceCursor, writeTraceCursor } from './trace-cursor.ts'

/** Traces in a list when the caller names no limit. */
export const DEFAULT_TRACE_LIMIT = 50
/** Most traces in one list: a list is for people; exports have their own way out. */
export const MAX_TRACE_LIMIT = 1000
/** Trace ids remembered so that nothing is looked up twice; beyond it they are forgotten, and some are. */
const MAX_SEEN_TRACES = 100_000

export interface TraceList {
  readonly traces: readonly TraceListEntry[]
  /** Asks for the next page; null where there is none. */
  readonly cursor: string | null
  readonly looked: Looked
}

/** @throws {SearchError} `SEARCH_CURSOR` */
export function* searchTraces(query: SearchQuery, deps: SearchDeps): Steps<TraceList> {
  const { source, knowledge, limits } = deps
  const search = prepareSearch(query, deps)
  const limit = Math.min(query.limit ?? DEFAULT_TRACE_LIMIT, MAX_TRACE_LIMIT)
  const after = readTraceCursor(search.key, query)
  const top = new TopTraces(query.sort, limit, after)
  const look = new Look(limits)
  const matches = matchMaker(query, search)
  const { chunks, totals } = source.candidates(search.scope)
  const left = new ChunksLeft(after?.done)
  const isComplete = yield* lookAt(
    left.of(chunks),
    top,
    look,
    (chunk) => chunkPart(chunk, search.scope, deps, look, matches),
    deps,
  )
  const end = top.end(isComplete)
  const done = query.sort === 'newest' ? left.done(top.behindUnixNano, query) : undefined
  return {
    traces: top.rows().map((row) => describeTrace(row, knowledge)),
    cursor: end === undefined ? null : writeTraceCursor(search.key, query.sort, { ...end, done }),
    looked: look.result(totals.chunks),
  }
}

/** @returns whether everything was looked at */
function* lookAt(
  chunks: Iterable<SearchChunk>,
  top: TopTraces,
  look: Look,
  matchesIn: (chunk: SearchChunk) => Steps<TraceMatches | undefined>,
  { source }: SearchDeps,
): Steps<boolean> {
  const seen = new Set<TraceId>()
  for (const chunk of chunks) {
    // No trace starts later than the latest moment of a chunk that holds a span of it, and those to come are older.
    if (!top.mayStartAt(chunk.latestUnixNano) || !look.take(chunk)) {
      top.noteLeft(chunk.latestUnixNano)
      return false
    }
    const matches = yield* matchesIn(chunk)
    if (matches === undefined) top.noteLeft(chunk.latestUnixNano)
    const { traceIds, starts } = matches ?? NO_MATCHES
    const placed = traceIds.filter((_, i) => top.mayStartAt(starts[i] as bigint))
    if (placed.length < traceIds.length) top.noteBehind(chunk.latestUnixNano)
    const fresh = placed.filter((id) => !seen.has(id))
    if (seen.size > MAX_SEEN_TRACES) seen.clear()
    for (const id of fresh) seen.add(id)
    const rows = yield* source.summariesOf(fresh)
    if (rows.size < fresh.length) top.noteLeft(chunk.latestUnixNano)
    for (const row of rows.values()) top.add(row, chunk.latestUnixNano)
    yield
  }
  return true
}

/** What a chunk holds of matching spans: of each trace once, with the start of one of them. */
interface TraceMatches {
  readonly traceIds: readonly TraceId[]
  readonly starts: readonly bigint[]
  readonly bytes: number
}
const NO_MATCHES: TraceMatches = { traceIds: [], starts: [], bytes: 0 }
/** An id of 32 characters, and a start. */
const MATCH_BYTES = 80

function matchMaker(query: SearchQuery, { key, isDevice }: PreparedSearch): PartMaker<TraceMatches> {
  const bounded = spanFilter(query, isDevice)
  const unbounded = spanFilter(atAnyTime(query), isDevice)
  return {
    name: `traces ${key}`,
    *make(payload, chunk, isWhole) {
      const found = new FoundTraces(payload)
      ;(isWhole ? unbounded : bounded).walk(payload, chunk, (span) => found.add(span))
      yield
      return found.result()
    },
  }
}

/** Spans of one trace often stand together: an id is only written out where it changes. */
class FoundTraces {
  readonly #payload: Uint8Array
  readonly #starts = new Map<TraceId, bigint>()
  #last = new Uint8Array(0)

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  add({ traceId, start }: SpanHead): void {
    if (equalsAt(this.#payload, traceId.start, traceId.end, this.#last)) return
    this.#last = this.#payload.slice(traceId.start, traceId.end)
    const id = toHex(this.#last) as TraceId
    if (!this.#starts.has(id)) this.#starts.set(id, start.toBigInt())
  }

  result(): TraceMatches {
    const [traceIds, starts] = [[...this.#starts.keys()], [...this.#starts.values()]]
    return { traceIds, starts, bytes: traceIds.length * MATCH_BYTES }
  }
}
