/**
 * Where a page of a list ended, as an opaque text that the next request gives back. It names a place in the order, not a
 * count of entries, so that what comes in meanwhile moves nothing.
 *
 * Layout: base64url of `VERSION SORT KEY PLACE TIE`, by spaces; KEY is that of the search. A version that is not known is refused.
 */
import { SearchError } from './search-error.ts'

const VERSION = '1'
const NUMBER = /^-?\d{1,39}$/

export interface Place {
  /** What the list is sorted by. */
  readonly value: bigint
  /** What tells entries of the same value apart. */
  readonly tie: string
}

/** `search`: whose place it is, in which order. */
export function writeCursor(search: { readonly key: string; readonly order: string }, { value, tie }: Place): string {
  return Buffer.from([VERSION, search.order, search.key, value, tie].join(' ')).toString('base64url')
}

/** @throws {SearchError} `SEARCH_CURSOR` */
export function readCursor(search: { readonly key: string; readonly order: string }, cursor: string): Place {
  const [version, order, key, value, ...ties] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  if (version !== VERSION || value === undefined || !NUMBER.test(value) || ties.length === 0) {
    throw new SearchError('SEARCH_CURSOR', 'this is no cursor that an answer gave')
  }
  if (order !== search.order || key !== search.key) {
    throw new SearchError('SEARCH_CURSOR', 'this cursor belongs to another search: ask as its answer was asked for')
  }
  return { value: BigInt(value), tie: ties.join(' ') }
}
