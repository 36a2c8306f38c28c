/**
 * Encoded telemetry until the agent has committed it: first in, first out, a few batches under way at a time.
 * Bounded: when full, the oldest batch that is not under way makes room, and is counted.
 */
import type { Signal } from '../model/lane.ts'

/** Most bytes kept while the agent is away. */
export const MAX_QUEUED_BYTES = 16 * 1_048_576
/** Most batches sent and not yet answered: enough to hide a commit's time, few enough to stay in order. */
export const MAX_UNDER_WAY = 4

export interface Batch {
  readonly seq: number
  readonly signal: Signal
  readonly bytes: Uint8Array
  readonly records: number
}

export class BatchQueue {
  readonly #maxBytes: number
  /** In the order added, those under way included. */
  #batches: Batch[] = []
  readonly #underWay = new Set<number>()
  #bytes = 0

  constructor(maxBytes = MAX_QUEUED_BYTES) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0
  }

  /** Of the oldest batch that is not done with. */
  get oldestSeq(): number | undefined {
    return this.#batches[0]?.seq
  }

  /** @returns records dropped to make room. */
  add(batch: Batch): number {
    this.#batches.push(batch)
    this.#bytes += batch.bytes.length
    let dropped = 0
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#batches.find(({ seq }) => !this.#underWay.has(seq))
      if (!oldest) break
      this.settle(oldest.seq)
      dropped += oldest.records
    }
    return dropped
  }

  /** The oldest batch not under way, which it then is; `undefined` if there is none or enough are. */
  next(): Batch | undefined {
    if (this.#underWay.size >= MAX_UNDER_WAY) return undefined
    const batch = this.#batches.find(({ seq }) => !this.#underWay.has(seq))
    if (batch) this.#underWay.add(batch.seq)
    return batch
  }

  /** Done with: committed or refused for good. @returns the batch, or `undefined` if it was settled before. */
  settle(seq: number): Batch | undefined {
    const batch = this.#batches.find((each) => each.seq === seq)
    if (!batch) return undefined
    this.#batches = this.#batches.filter((each) => each !== batch)
    this.#underWay.delete(seq)
    this.#bytes -= batch.bytes.length
    return batch
  }

  /** Will be sent again, in its old place. */
  retry(seq: number): void {
    this.#underWay.delete(seq)
  }

  /** The connection is gone: whatever was under way will be sent again. */
  retryAll(): void {
    this.#underWay.clear()
  }

  /** Takes out all batches of a signal that nobody collects any more. @returns their records. */
  discard(signal: Signal): number {
    return this.#batches
      .filter((batch) => batch.signal === signal)
      .reduce((records, { seq }) => records + (this.settle(seq)?.records ?? 0), 0)
  }
}
