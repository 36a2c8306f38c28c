/**
 * Parts read as one: each key once, in ascending order, with its segments from all of them. A heap of the parts by their current
 * keys; of equal keys the older part comes first, so that segments ascend.
 */
import { BlockReader } from '../../wire/index/posting-block.ts'
import { addRun, type Runs } from '../../wire/index/runs.ts'
import type { KeyRuns } from './merge.ts'

/** Keys of a part, block after block. */
export class PartKeyList {
  key = 0
  /** The only segment of the current key; -1 if it has a list. */
  only = -1
  readonly #open: (block: number) => BlockReader
  readonly #blocks: number
  #block = 0
  #reader: BlockReader | undefined

  constructor(blocks: number, open: (block: number) => BlockReader) {
    this.#blocks = blocks
    this.#open = open
  }

  /** To the next key; false at the end. */
  next(): boolean {
    for (;;) {
      const reader = this.#reader
      if (reader?.next() === true) {
        this.key = reader.key
        this.only = reader.only
        return true
      }
      if (this.#block >= this.#blocks) return false
      this.#reader = this.#open(this.#block++)
    }
  }

  addRunsTo(runs: number[]): void {
    this.#reader?.addRunsTo(runs)
  }
}

/** Above every key. */
const NO_KEY = Number.POSITIVE_INFINITY

export class KeyMerge implements KeyRuns {
  key = 0
  only = -1
  runs: Runs = []
  readonly #lists: readonly PartKeyList[]
  /** The heap: current keys, the smallest first, and the places of their lists. A list at its end has an endless key. */
  readonly #keys: Float64Array
  readonly #places: Int32Array

  /** @param lists the oldest segments first */
  constructor(lists: readonly PartKeyList[]) {
    this.#lists = lists
    this.#keys = new Float64Array(lists.length)
    this.#places = Int32Array.from(lists.keys())
    for (const [i, list] of lists.entries()) this.#keys[i] = list.next() ? list.key : NO_KEY
    for (let at = lists.length >> 1; at >= 0; at--) this.#sink(at)
  }

  next(): boolean {
    const key = this.#keys[0] ?? NO_KEY
    if (key === NO_KEY) return false
    const list = this.#first()
    const only = list.only
    const runs: number[] = []
    if (only < 0) list.addRunsTo(runs)
    this.#advance(list)
    this.key = key
    this.only = only
    this.runs = runs
    if (this.#keys[0] === key) this.#addOthers(key, only, runs)
    return true
  }

  /** Segments of the same key in other lists. */
  #addOthers(key: number, only: number, runs: number[]): void {
    if (only >= 0) addRun(runs, only, only)
    this.only = -1
    while (this.#keys[0] === key) {
      const list = this.#first()
      list.addRunsTo(runs)
      this.#advance(list)
    }
  }

  #first(): PartKeyList {
    return this.#lists[this.#places[0] as number] as PartKeyList
  }

  /** The first list of the heap. */
  #advance(list: PartKeyList): void {
    this.#keys[0] = list.next() ? list.key : NO_KEY
    this.#sink(0)
  }

  #sink(start: number): void {
    const keys = this.#keys
    const places = this.#places
    if (start >= keys.length) return
    const key = keys[start] as number
    const place = places[start] as number
    let at = start
    for (let child = 2 * at + 1; child < keys.length; child = 2 * at + 1) {
      if (child + 1 < keys.length && isBefore(keys, places, child + 1, keys[child] as number, places[child] as number))
        child++
      if (!isBefore(keys, places, child, key, place)) break
      keys[at] = keys[child] as number
      places[at] = places[child] as number
      at = child
    }
    keys[at] = key
    places[at] = place
  }
}

/** Whether what is at a place of the heap comes before a key of a list. */
function isBefore(keys: Float64Array, places: Int32Array, at: number, key: number, place: number): boolean {
  const other = keys[at] as number
  return other < key || (other === key && (places[at] as number) < place)
}
