/**
 * Many short lists of keys, a segment each, read as one: sorted by the digits of the keys, lowest first (radix sort), which costs
 * the same for whatever keys there are and a fraction of comparing them. Segments of equal keys stay in order.
 */
import { addRun } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'
import type { KeyRuns } from './merge.ts'

export interface SegmentList {
  readonly segment: SegmentRowId
  /** Ascending. */
  readonly keys: Float64Array
}

/** Postings: the low 32 bits of each key; its high 16 bits above the place of its segment. */
interface Pairs {
  readonly low: Uint32Array
  readonly high: Uint32Array
}
type Digit = 'low' | 'high'

const PLACE_BITS = 16
/** Lists that one sort takes. */
export const MAX_LISTS = 2 ** PLACE_BITS
/** Shifts of the digits of a key, lowest first: 11 bits each. */
const DIGITS: readonly (readonly [Digit, number])[] = [
  ['low', 0],
  ['low', 11],
  ['low', 22],
  ['high', PLACE_BITS],
  ['high', PLACE_BITS + 11],
]
const RADIX = 2 ** 11

export class KeySort implements KeyRuns {
  key = 0
  only = -1
  readonly runs: number[] = []
  readonly #segments: readonly SegmentRowId[]
  readonly #pairs: Pairs
  #at = 0

  /** @param lists by ascending segment, at most {@link MAX_LISTS} */
  constructor(lists: readonly SegmentList[]) {
    this.#segments = lists.map(({ segment }) => segment)
    this.#pairs = sorted(pairsOf(lists))
  }

  next(): boolean {
    const { low, high } = this.#pairs
    const { runs } = this
    let at = this.#at
    if (at >= low.length) return false
    const [lowKey, highKey] = [low[at] as number, (high[at] as number) >>> PLACE_BITS]
    while (runs.length > 0) runs.pop() // faster than setting the length, and keeps the memory
    for (; low[at] === lowKey && (high[at] as number) >>> PLACE_BITS === highKey; at++) {
      const segment = this.#segments[(high[at] as number) & (MAX_LISTS - 1)] as number
      addRun(runs, segment, segment)
    }
    this.key = highKey * 2 ** 32 + lowKey
    this.only = at - this.#at === 1 ? (runs[0] as number) : -1
    this.#at = at
    return true
  }
}

function pairsOf(lists: readonly SegmentList[]): Pairs {
  const { low, high } = emptyPairs(lists.reduce((sum, { keys }) => sum + keys.length, 0))
  let at = 0
  for (const [place, { keys }] of lists.entries()) {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number
      const highKey = Math.floor(key / 2 ** 32)
      low[at] = key - highKey * 2 ** 32
      high[at++] = (highKey << PLACE_BITS) | place
    }
  }
  return { low, high }
}

function sorted(pairs: Pairs): Pairs {
  let [from, to] = [pairs, emptyPairs(pairs.low.length)]
  const starts = new Uint32Array(RADIX)
  for (const [digit, shift] of DIGITS) {
    if (!countDigits(from[digit], shift, starts)) continue
    moveByDigit(from, to, from[digit], shift, starts)
    ;[from, to] = [to, from]
  }
  return from
}

/** Where the pairs of each digit begin. @returns false if all have the same */
function countDigits(words: Uint32Array, shift: number, starts: Uint32Array): boolean {
  starts.fill(0)
  for (let i = 0; i < words.length; i++) {
    const digit = ((words[i] as number) >>> shift) & (RADIX - 1)
    starts[digit] = (starts[digit] as number) + 1
  }
  let start = 0
  for (let digit = 0; digit < RADIX; digit++) {
    const count = starts[digit] as number
    if (count === words.length) return false
    starts[digit] = start
    start += count
  }
  return true
}

/** @param words those of `from` that the digit is in */
function moveByDigit(from: Pairs, to: Pairs, words: Uint32Array, shift: number, starts: Uint32Array): void {
  // Looked up once: a write might change them, for all the compiler knows.
  const [fromLow, fromHigh, toLow, toHigh] = [from.low, from.high, to.low, to.high]
  for (let i = 0; i < words.length; i++) {
    const digit = ((words[i] as number) >>> shift) & (RADIX - 1)
    const at = starts[digit] as number
    starts[digit] = at + 1
    toLow[at] = fromLow[i] as number
    toHigh[at] = fromHigh[i] as number
  }
}

function emptyPairs(length: number): Pairs {
  return { low: new Uint32Array(length), high: new Uint32Array(length) }
}
