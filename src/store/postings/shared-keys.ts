/**
 * The keys of one list, with the segments of all lists that have them. Most keys of a segment are also those of its neighbours:
 * as places in a list they share, or by walking two sorted lists side by side, they are found at once, and little is left to sort.
 */
import { joinTokens } from '../../wire/index/posting-keys.ts'
import { addRun, type Runs } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'

/** Keys of a segment, ascending. */
export interface SegmentList {
  readonly segment: SegmentRowId
  /** Those that are not in the shared list. */
  readonly others: Float64Array
  /** Those that are, as places in it. */
  readonly places: Runs
  readonly shared: Float64Array
}

export class SharedKeys {
  readonly keys: Float64Array
  /** What the lists have beside them, by place. */
  readonly rest: readonly Float64Array[]
  readonly #runs: readonly number[][]

  /** @param lists by ascending segment */
  constructor(lists: readonly SegmentList[]) {
    const shared = lists.at(-1)?.shared ?? new Float64Array()
    this.keys = shared.length > 0 ? shared : longest(lists)
    this.#runs = Array.from(this.keys, () => [])
    this.rest = lists.map((list) => this.#add(list))
  }

  /** Segments that have the key at a place; empty if none has. */
  runsAt(place: number): Runs {
    return this.#runs[place] as Runs
  }

  #add({ segment, others, places, shared }: SegmentList): Float64Array {
    if (shared !== this.keys) return this.#split(segment, joinTokens(others, places, shared))
    for (let i = 0; i < places.length; i += 2) {
      const last = places[i + 1] as number
      for (let place = places[i] as number; place <= last; place++) {
        addRun(this.#runs[place] as number[], segment, segment)
      }
    }
    return others
  }

  /** @returns the keys that are not shared */
  #split(segment: number, keys: Float64Array): Float64Array {
    const shared = this.keys
    const rest = new Float64Array(keys.length)
    let count = 0
    let place = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number
      while (place < shared.length && (shared[place] as number) < key) place++
      if (place < shared.length && shared[place] === key) addRun(this.#runs[place] as number[], segment, segment)
      else rest[count++] = key
    }
    return rest.subarray(0, count)
  }
}

function longest(lists: readonly SegmentList[]): Float64Array {
  let best: Float64Array = new Float64Array()
  for (const { others } of lists) if (others.length > best.length) best = others
  return best
}
