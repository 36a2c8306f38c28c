/**
 * Where a page of traces ended, and which chunks the next page need not look at again.
 *
 * Layout: TIE of search-cursor.ts is the trace id; or it and UP_TO, NEWER_THAN, FROM and TO, by spaces, numbers or `-`.
 */
import type { DoneChunks } from './done-chunks.ts'
import { readCursor, writeCursor, type Place } from './search-cursor.ts'
import { SearchError } from './search-error.ts'
import type { SearchQuery, TraceSort } from './search-query.ts'

export interface TracePlace extends Place {
  /** Undefined: nothing is known. */
  readonly done: DoneChunks | undefined
}

const TIE = /^([0-9a-f]{32})(?: (\d{1,15}) (\d{1,20}) (-?\d{1,20}|-) (-?\d{1,20}|-))?$/

export function writeTraceCursor(key: string, order: TraceSort, { value, tie, done }: TracePlace): string {
  const known = done === undefined ? [] : [done.upTo, done.newerThanUnixNano, done.fromUnixNano, done.toUnixNano]
  return writeCursor({ key, order }, { value, tie: [tie, ...known.map((each) => each ?? '-')].join(' ') })
}

/** @throws {SearchError} `SEARCH_CURSOR` */
export function readTraceCursor(key: string, { sort, cursor, ...range }: SearchQuery): TracePlace | undefined {
  if (cursor === undefined) return undefined
  const { value, tie } = readCursor(key, [sort], cursor)
  const [whole, traceId, upTo, newerThan, from, to] = TIE.exec(tie) ?? []
  if (whole === undefined || traceId === undefined) {
    throw new SearchError('SEARCH_CURSOR', 'this is no cursor that an answer gave')
  }
  if (upTo === undefined || newerThan === undefined) return { value, tie: traceId, done: undefined }
  const ends = { fromUnixNano: numberOrNone(from), toUnixNano: numberOrNone(to) }
  const done = { upTo: Number(upTo), newerThanUnixNano: BigInt(newerThan), ...ends }
  return { value, tie: traceId, done: isWithin(range, done) ? done : undefined }
}

function numberOrNone(text: string | undefined): bigint | undefined {
  return text === undefined || text === '-' ? undefined : BigInt(text)
}

type TimeRange = Pick<DoneChunks, 'fromUnixNano' | 'toUnixNano'>

/** The range may differ between pages: what was found in a wider one holds for a narrower one. */
function isWithin({ fromUnixNano: from, toUnixNano: to }: TimeRange, wider: TimeRange): boolean {
  return (
    (wider.fromUnixNano === undefined || (from !== undefined && from >= wider.fromUnixNano)) &&
    (wider.toUnixNano === undefined || (to !== undefined && to <= wider.toUnixNano))
  )
}
