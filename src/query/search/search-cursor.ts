/**
 * Where a page of a list ended, as an opaque text that the next request gives back. It names a place in the order, not a
 * count of entries, so that what comes in meanwhile moves nothing.
 *
 * Layout: base64url of `VERSION ORDER KEY VALUE TIE`, by spaces; KEY is that of the search. A version that is not known is refused.
 */
import { SearchError } from './search-error.ts'

const VERSION = '1'
/** What a list is sorted by fits 64 bits, or nearly. */
const NUMBER = /^-?\d{1,20}$/

export interface Place {
  /** What the list is sorted by. */
  readonly value: bigint
  /** What tells entries of the same value apart. */
  readonly tie: string
}
/** Whose place it is: a search, and the way to go from there. */
interface Position<Order extends string> {
  readonly key: string
  readonly order: Order
}

export function writeCursor({ key, order }: Position<string>, { value, tie }: Place): string {
  return Buffer.from([VERSION, order, key, value, tie].join(' ')).toString('base64url')
}

/** @param orders that this search may be read in. @throws {SearchError} `SEARCH_CURSOR` */
export function readCursor<Order extends string>(
  key: string,
  orders: readonly Order[],
  cursor: string,
): Place & { readonly order: Order } {
  const [version, order, ofKey, value, ...ties] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ')
  if (version !== VERSION || value === undefined || !NUMBER.test(value) || ties.length === 0) {
    throw new SearchError('SEARCH_CURSOR', 'this is no cursor that an answer gave')
  }
  const known = orders.find((each) => each === order)
  if (known === undefined || ofKey !== key) {
    throw new SearchError('SEARCH_CURSOR', 'this cursor belongs to another search: ask as its answer was asked for')
  }
  return { order: known, value: BigInt(value), tie: ties.join(' ') }
}
