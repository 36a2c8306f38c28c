/**
 * Chunks that pages of traces before this one are done with. A trace that starts behind a page may have a matching span in any
 * newer chunk, however long it took, so that no time alone rules a chunk out: only that a page before has looked at it.
 */
import type { SearchChunk } from './search-source.ts'

/** No chunk stored up to a number, and later than a time, has a match, within a range, of a trace behind the page. */
export interface DoneChunks {
  readonly upTo: number
  readonly newerThanUnixNano: bigint
  readonly fromUnixNano: bigint | undefined
  readonly toUnixNano: bigint | undefined
}

/** Passes over what pages before are done with, and says what this one is done with. */
export class ChunksLeft {
  readonly #done: DoneChunks | undefined
  #upTo = 0

  constructor(done: DoneChunks | undefined) {
    this.#done = done
  }

  /** @param chunks by latest time, the newest first */
  *of(chunks: Iterable<SearchChunk>): Generator<SearchChunk> {
    for (const chunk of chunks) {
      this.#upTo = Math.max(this.#upTo, chunk.storedAs ?? 0)
      if (!this.#isDone(chunk)) yield chunk
    }
  }

  /** Of the chunks met so far, which are all that are newer than `newerThanUnixNano`: what is stored from now on has a larger number. */
  done(
    newerThanUnixNano: bigint,
    { fromUnixNano, toUnixNano }: Pick<DoneChunks, 'fromUnixNano' | 'toUnixNano'>,
  ): DoneChunks {
    return { upTo: this.#upTo, newerThanUnixNano, fromUnixNano, toUnixNano }
  }

  #isDone({ storedAs, latestUnixNano }: SearchChunk): boolean {
    if (this.#done === undefined || storedAs === undefined) return false
    return storedAs <= this.#done.upTo && latestUnixNano > this.#done.newerThanUnixNano
  }
}
