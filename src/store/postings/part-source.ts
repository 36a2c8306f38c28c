/** Reads a complete part: one block a key, found by the fences. */
import { BlockReader } from '../../wire/index/posting-block.ts'
import { unite, type Runs } from '../../wire/index/runs.ts'
import type { KeyFilter } from './key-filter.ts'
import { blockId, type Part } from './part-table.ts'
import { TRACES, type Family, type PostingSource } from './posting-source.ts'

export class PartSource implements PostingSource {
  readonly part: Part
  readonly #read: (id: number) => Uint8Array
  readonly #traces: KeyFilter | undefined

  /** @param read a block by its id @param traces all of the part's trace keys, once they were read */
  constructor(part: Part, read: (id: number) => Uint8Array, traces: KeyFilter | undefined) {
    this.part = part
    this.#read = read
    this.#traces = traces
  }

  get members(): Runs {
    return this.part.members
  }

  runsOf(family: Family, key: number): Runs {
    const { fences, wild } = this.part.keys[family]
    if (family === TRACES && this.#traces?.mayHave(key) === false) return wild
    const block = lastAtOrBelow(fences, key)
    if (block < 0) return wild
    const reader = this.#reader(family, block)
    if (!reader.seek(key)) return wild
    const runs: number[] = []
    reader.addRunsTo(runs)
    return unite(runs, wild)
  }

  keysBetween(family: Family, from: number, to: number, limit: number): readonly number[] {
    const { fences } = this.part.keys[family]
    const keys: number[] = []
    for (let block = Math.max(0, lastAtOrBelow(fences, from)); block < fences.length; block++) {
      const reader = this.#reader(family, block)
      while (reader.next()) {
        if (reader.key > to || keys.length >= limit) return keys
        if (reader.key >= from) keys.push(reader.key)
      }
    }
    return keys
  }

  #reader(family: Family, block: number): BlockReader {
    const { id, first, last } = this.part
    return new BlockReader(this.#read(blockId(id, family, block)), first, last)
  }
}

/** -1 if all are above. */
function lastAtOrBelow(sorted: ArrayLike<number>, key: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) <= key) low = middle + 1
    else high = middle
  }
  return low - 1
}
