/**
 * What one answer may open. A stored chunk can be a thousand times larger open than at rest, so it is what comes out
 * that is counted, from the index and before anything is opened.
 */
import type { ChunkRef } from './trace-source.ts'

/** Least that a chunk costs, in bytes: it is read, proven and decoded, however little is in it. */
export const MIN_CHUNK_COST_BYTES = 4096
/** Least that a record costs, in bytes: about what it weighs decoded when there is next to nothing in it. */
export const MIN_RECORD_COST_BYTES = 128

export class ReadBudget {
  #leftBytes: number

  constructor(bytes: number) {
    this.#leftBytes = bytes
  }

  /** @returns whether there was enough left for the chunk; if so, it is spent. */
  take({ rawBytes, records }: Pick<ChunkRef, 'rawBytes' | 'records'>): boolean {
    const cost = Math.max(rawBytes, records * MIN_RECORD_COST_BYTES, MIN_CHUNK_COST_BYTES)
    if (cost > this.#leftBytes) return false
    this.#leftBytes -= cost
    return true
  }
}
