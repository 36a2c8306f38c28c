/**
 * Parts read as one: each key once, in ascending order, with its segments from all of them. A heap of the parts by their current
 * keys; of equal keys the older part comes first, so that segments ascend.
 */
import { BlockReader } from '../../wire/index/posting-block.ts'
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

export class KeyMerge implements KeyRuns {
  key = 0
  only = -1
  readonly runs: number[] = []
  readonly #lists: readonly PartKeyList[]
  /** The heap: current keys, the smallest first, and the places of their lists. A list at its end has an endless key. */
  readonly #keys: Float64Array
  readonly #places: Int32Array

  /** @param lists the oldest segments first */
  constructor(lists: readonly PartKeyList[]) {
    this.#lists = lists
    this.#keys = new Float64Array(lists.length)
    this.#places = Int32Array.from(lists.keys())
    for (const [i, list] of lists.entries()) this.#keys[i] = list.next() ? list.key : Number.POSITIVE_INFINITY
    for (let at = lists.length >> 1; at >= 0; at--) this.#sink(at)
  }

  next(): boolean {
    const { runs } = this
    const [keys, places] = [this.#keys, this.#places]
    const key = keys[0] ?? Number.POSITIVE_INFINITY
    if (key === Number.POSITIVE_INFINITY) return false
    this.key = key
    while (runs.length > 0) runs.pop() // faster than setting the length, and keeps the memory
    const list = this.#lists[places[0] as number] as PartKeyList
    this.only = list.only
    if (this.only < 0) list.addRunsTo(runs)
    this.#advance(list)
    if (keys[0] === key && this.only >= 0) runs.push(this.only, this.only)
    for (; keys[0] === key; this.only = -1) {
      const other = this.#lists[places[0] as number] as PartKeyList
      other.addRunsTo(runs)
      this.#advance(other)
    }
    return true
  }

  /** The first list of the heap. */
  #advance(list: PartKeyList): void {
    this.#keys[0] = list.next() ? list.key : Number.POSITIVE_INFINITY
    this.#sink(0)
  }

  #sink(start: number): void {
    const [keys, places] = [this.#keys, this.#places]
    const size = keys.length
    if (start >= size) return
    const [key, place] = [keys[start] as number, places[start] as number]
    let at = start
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size) {
        const [left, right] = [keys[child] as number, keys[child + 1] as number]
        if (right < left || (right === left && (places[child + 1] as number) < (places[child] as number))) child++
      }
      const childKey = keys[child] as number
      if (key < childKey || (key === childKey && place < (places[child] as number))) break
      keys[at] = childKey
      places[at] = places[child] as number
      at = child
    }
    keys[at] = key
    places[at] = place
  }
}
