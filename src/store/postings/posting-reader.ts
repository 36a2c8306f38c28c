/**
 * Answers from one family of postings. What is found may be gone meanwhile, may only hash alike, or may match every key: the
 * segment itself decides. Nothing is held open between two segments of {@link PostingReader.newest}.
 */
import { below, countOf, intersect, numbersOf, unite, type Runs } from '../../wire/index/runs.ts'
import type { SegmentRowId } from '../segment-table.ts'
import type { Family, PostingSource } from './posting-source.ts'

/** Keys of which a segment has one. */
export type KeyGroup = readonly number[]

export class PostingReader {
  readonly #family: Family
  readonly #sources: () => readonly PostingSource[]
  readonly #watched: <T>(read: () => T) => T

  /**
   * @param sources all there are now, the oldest segments first, none without any
   * @param watched runs what reads them
   */
  constructor(family: Family, sources: () => readonly PostingSource[], watched: <T>(read: () => T) => T) {
    this.#family = family
    this.#sources = sources
    this.#watched = watched
  }

  /** Segments of a key, ascending. */
  find(key: number): SegmentRowId[] {
    return this.findAll([[key]])
  }

  /** Segments that have a key of each group, ascending; of no group, all that are indexed. */
  findAll(groups: readonly KeyGroup[]): SegmentRowId[] {
    const matching = this.#matcher(groups)
    const found: SegmentRowId[] = []
    this.#watched(() => {
      for (const source of this.#sources()) numbersOf(matching(source), found)
    })
    return found
  }

  /** The same, newest first, of segments below one; read as they are taken. */
  *newest(groups: readonly KeyGroup[], end = Number.POSITIVE_INFINITY): Generator<SegmentRowId> {
    const matching = this.#matcher(groups)
    let before = end
    for (;;) {
      const sources = this.#watched(() => this.#sources())
      const source = sources.findLast(({ members }) => (members[0] as number) < before)
      if (source === undefined) return
      const bound = before
      const found = this.#watched(() => below(matching(source), bound))
      before = source.members[0] as number
      for (let i = found.length - 2; i >= 0; i -= 2) {
        for (let segment = found[i + 1] as number; segment >= (found[i] as number); segment--) yield segment
      }
    }
  }

  /** Keys from one to another, both included, ascending, each once. */
  keysBetween(from: number, to: number, limit: number): number[] {
    const found = new Set<number>()
    this.#watched(() => {
      for (const source of this.#sources()) {
        for (const key of source.keysBetween(this.#family, from, to, limit)) found.add(key)
      }
    })
    return [...found].sort((a, b) => a - b).slice(0, limit)
  }

  /** Looks first for the group that matched least in the sources before, and for no other once one does not match. */
  #matcher(groups: readonly KeyGroup[]): (source: PostingSource) => Runs {
    const order = groups.map((keys) => ({ keys, segments: 0 }))
    return (source) => {
      let found = source.members
      for (const group of order) {
        const runs = this.#runsOf(source, group.keys)
        group.segments += countOf(runs)
        found = intersect(runs, found)
        if (found.length === 0) break
      }
      order.sort((a, b) => a.segments - b.segments)
      return found
    }
  }

  #runsOf(source: PostingSource, keys: KeyGroup): Runs {
    return keys.reduce<Runs>((all, key) => unite(all, source.runsOf(this.#family, key)), [])
  }
}
