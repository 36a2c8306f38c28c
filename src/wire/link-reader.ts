/**
 * Cuts the stream of a link into frames (devtools-link.ts) and puts each body straight where its receiver wants it: one copy,
 * and no memory but what the receiver gave after it had seen the length.
 */
import { LINK_HEAD_BYTES } from './devtools-link.ts'

export interface LinkReceiver<Head> {
  /** Room for a body, exactly as long as the head says; `undefined` throws it away as it comes. */
  room(head: Head): Uint8Array | undefined
  /** A frame is whole. `body` is what {@link room} gave. */
  take(head: Head, body: Uint8Array | undefined): void
}

export class LinkReader<Head extends { readonly length: number }> {
  readonly #readHead: (bytes: Uint8Array) => Head
  readonly #receiver: LinkReceiver<Head>
  /** A head that came in pieces. */
  readonly #pieces = new Uint8Array(LINK_HEAD_BYTES)
  #headBytes = 0
  #head: Head | undefined
  #body: Uint8Array | undefined
  #bodyBytes = 0

  constructor(readHead: (bytes: Uint8Array) => Head, receiver: LinkReceiver<Head>) {
    this.#readHead = readHead
    this.#receiver = receiver
  }

  /** Whether the stream would end inside a frame if it ended now. */
  get isInsideFrame(): boolean {
    return this.#head !== undefined || this.#headBytes > 0
  }

  /** Takes the next bytes of the stream. @throws {LinkError}: the stream cannot be resumed then */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      at = this.#head === undefined ? this.#takeHead(chunk, at) : this.#takeBody(this.#head, chunk, at)
    }
  }

  #takeHead(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + LINK_HEAD_BYTES - this.#headBytes)
    let head = chunk.subarray(at, end)
    if (head.length < LINK_HEAD_BYTES) {
      this.#pieces.set(head, this.#headBytes)
      this.#headBytes += head.length
      if (this.#headBytes < LINK_HEAD_BYTES) return end
      head = this.#pieces
    }
    this.#begin(this.#readHead(head))
    return end
  }

  #begin(head: Head): void {
    this.#headBytes = 0
    this.#bodyBytes = 0
    this.#head = head
    this.#body = this.#receiver.room(head)
    if (head.length === 0) this.#finish(head)
  }

  #takeBody(head: Head, chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + head.length - this.#bodyBytes)
    this.#body?.set(chunk.subarray(at, end), this.#bodyBytes)
    this.#bodyBytes += end - at
    if (this.#bodyBytes === head.length) this.#finish(head)
    return end
  }

  #finish(head: Head): void {
    const body = this.#body
    this.#head = undefined
    this.#body = undefined
    this.#receiver.take(head, body)
  }
}
