/**
 * Many short lists of keys, a segment each, read as one: sorted by the digits of the keys, lowest first (radix sort), which costs
 * the same for whatever keys there are and a fraction of comparing them. Segments of equal keys stay in order.
 */
import { addRun, countOf, type Runs } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'
import type { KeyRuns } from './merge.ts'
import { SharedKeys, type SegmentList } from './shared-keys.ts'

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

/** One of so many lists has a frequent key: from there on a place in a list is shorter than the key. */
const FREQUENT = 4
/** What is above every key. */
const NO_KEY = Number.POSITIVE_INFINITY

export class KeySort implements KeyRuns {
  key = 0
  only = -1
  runs: Runs = []
  /** Keys so far that so many of the lists have that neighbours are likely to. */
  readonly frequent: number[] = []
  readonly #shared: SharedKeys
  #sharedAt = 0
  readonly #segments: readonly SegmentRowId[]
  readonly #pairs: Pairs
  #at = 0

  /** @param lists by ascending segment, at most {@link MAX_LISTS} */
  constructor(lists: readonly SegmentList[]) {
    this.#shared = new SharedKeys(lists)
    this.#segments = lists.map(({ segment }) => segment)
    this.#pairs = sorted(pairsOf(this.#shared.rest))
  }

  next(): boolean {
    const shared = this.#sharedKey()
    const other = this.#at < this.#pairs.low.length ? this.#keyAt(this.#at) : NO_KEY
    this.key = Math.min(shared, other)
    if (this.key === NO_KEY) return false
    if (other < shared) this.#takeSorted()
    else {
      this.only = -1
      this.runs = this.#shared.runsAt(this.#sharedAt++)
    }
    if (this.only < 0 && FREQUENT * countOf(this.runs) >= this.#segments.length) this.frequent.push(this.key)
    return true
  }

  /** The next that a list has. */
  #sharedKey(): number {
    const { keys } = this.#shared
    while (this.#sharedAt < keys.length && this.#shared.runsAt(this.#sharedAt).length === 0) this.#sharedAt++
    return keys[this.#sharedAt] ?? NO_KEY
  }

  #takeSorted(): void {
    const { low } = this.#pairs
    const first = this.#at
    do this.#at++
    while (this.#at < low.length && this.#keyAt(this.#at) === this.key)
    this.only = this.#at - first === 1 ? this.#segmentAt(first) : -1
    if (this.only >= 0) return
    const runs: number[] = []
    for (let at = first; at < this.#at; at++) addRun(runs, this.#segmentAt(at), this.#segmentAt(at))
    this.runs = runs
  }

  #keyAt(at: number): number {
    const { low, high } = this.#pairs
    return ((high[at] as number) >>> PLACE_BITS) * 2 ** 32 + (low[at] as number)
  }

  #segmentAt(at: number): SegmentRowId {
    return this.#segments[(this.#pairs.high[at] as number) & (MAX_LISTS - 1)] as number
  }
}

/** @param lists by the place of their segment */
function pairsOf(lists: readonly Float64Array[]): Pairs {
  const { low, high } = emptyPairs(lists.reduce((sum, keys) => sum + keys.length, 0))
  let at = 0
  for (const [place, keys] of lists.entries()) {
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
