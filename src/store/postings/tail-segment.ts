/** A segment that is in no part yet, as its row has it. */
import { joinTokens, type SegmentKeys } from '../../wire/index/posting-keys.ts'
import type { SegmentRowId } from '../segment-table.ts'
import { TRACES, type Family } from './posting-source.ts'
import type { SegmentList } from './shared-keys.ts'

const NO_KEYS = new Float64Array()

export class TailSegment {
  readonly segment: SegmentRowId
  readonly #keys: SegmentKeys
  readonly #shared: Float64Array
  /** All tokens, once they were asked for. */
  #tokens: Float64Array | undefined

  /** @param shared the list that its row names tokens by */
  constructor(segment: SegmentRowId, keys: SegmentKeys, shared: Float64Array) {
    this.segment = segment
    this.#keys = keys
    this.#shared = shared
  }

  matchesAll(family: Family): boolean {
    return (family === TRACES ? this.#keys.traces : this.#keys.others) === undefined
  }

  /** Ascending; `undefined` if it matches all. */
  keysOf(family: Family): Float64Array | undefined {
    const { traces, others, places } = this.#keys
    if (family === TRACES) return traces
    if (others !== undefined) this.#tokens ??= joinTokens(others, places, this.#shared)
    return this.#tokens
  }

  /** The same, as it was read; nothing if it matches all. */
  listOf(family: Family): SegmentList {
    const { traces = NO_KEYS, others = NO_KEYS, places } = this.#keys
    const { segment } = this
    if (family === TRACES) return { segment, others: traces, places: [], shared: NO_KEYS }
    return { segment, others, places, shared: this.#shared }
  }
}
