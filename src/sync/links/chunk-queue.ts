/**
 * Bytes that arrived and wait for their reader, in order.
 *
 * Keeps every chunk from the first one on, whether or not somebody reads yet. It does
 * not bound itself: its owner watches `unreadBytes` and stops the sender.
 */

export class ChunkQueue {
  readonly #onTaken: () => void
  readonly #chunks: Uint8Array[] = []
  #unreadBytes = 0
  #ended = false
  #waiting: ((result: IteratorResult<Uint8Array>) => void) | undefined

  /** `onTaken` is called after a reader took a chunk. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken
  }

  get unreadBytes(): number {
    return this.#unreadBytes
  }

  /** Ignored after the end: what comes then belongs to nobody. */
  push(chunk: Uint8Array): void {
    if (this.#ended || chunk.length === 0) return
    const waiting = this.#waiting
    if (waiting) {
      this.#waiting = undefined
      waiting({ done: false, value: chunk })
      return
    }
    this.#chunks.push(chunk)
    this.#unreadBytes += chunk.length
  }

  /** No more chunks will come; those waiting can still be read. */
  end(): void {
    this.#ended = true
    this.#waiting?.({ done: true, value: undefined })
    this.#waiting = undefined
  }

  /** Forgets what was not read, and ends. */
  discard(): void {
    this.#chunks.length = 0
    this.#unreadBytes = 0
    this.end()
  }

  read(): AsyncIterable<Uint8Array> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => this.#next(),
        return: () => {
          this.#waiting?.({ done: true, value: undefined })
          this.#waiting = undefined
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift()
    if (chunk) {
      this.#unreadBytes -= chunk.length
      this.#onTaken()
      return Promise.resolve({ done: false, value: chunk })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    if (this.#waiting) return Promise.reject(new TypeError('a link has one reader at a time'))
    return new Promise((resolve) => {
      this.#waiting = resolve
    })
  }
}
