/** Where postings are read from: a part, or the tail. Each holds all postings of its segments, and no segment is in two. */
import type { Runs } from '../../wire/index/runs.ts'

/** Two kinds of keys, kept alike: trace keys and tokens. */
export const TRACES = 0
export const TOKENS = 1
export type Family = typeof TRACES | typeof TOKENS

export interface PostingSource {
  /** The segments it covers. */
  readonly members: Runs
  /** Segments of a key, and those that match every key. */
  runsOf(family: Family, key: number): Runs
  /** Listed keys of a range, ascending, at most as many. */
  keysBetween(family: Family, from: number, to: number, limit: number): readonly number[]
}
