/** Looks for keys in the lists of the tail's segments, one after the other. */
import { addRun, type Runs } from '../../wire/index/runs.ts'
import type { Family, PostingSource } from './posting-source.ts'
import type { TailSegment } from './tail-segment.ts'

export class TailSource implements PostingSource {
  readonly members: Runs
  readonly #segments: readonly TailSegment[]

  /** @param segments ascending */
  constructor(segments: readonly TailSegment[]) {
    const members: number[] = []
    for (const { segment } of segments) addRun(members, segment, segment)
    this.members = members
    this.#segments = segments
  }

  runsOf(family: Family, key: number): Runs {
    const runs: number[] = []
    for (const one of this.#segments) {
      const keys = one.keysOf(family)
      if (keys === undefined || keys[firstFrom(keys, key)] === key) addRun(runs, one.segment, one.segment)
    }
    return runs
  }

  keysBetween(family: Family, from: number, to: number, limit: number): readonly number[] {
    const found = new Set<number>()
    for (const one of this.#segments) {
      const keys = one.keysOf(family) ?? []
      const start = firstFrom(keys, from)
      // The smallest of all are among the smallest of each.
      for (let i = start; i < Math.min(keys.length, start + limit) && (keys[i] as number) <= to; i++) {
        found.add(keys[i] as number)
      }
    }
    return [...found].sort((a, b) => a - b).slice(0, limit)
  }
}

function firstFrom(sorted: ArrayLike<number>, key: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < key) low = middle + 1
    else high = middle
  }
  return low
}
