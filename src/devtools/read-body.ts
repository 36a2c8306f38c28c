/**
 * Reads a request's body, and stops at the first byte too many. Chunks of a sane size are kept as they come; smaller ones are
 * copied together into blocks: kept too, a body sent one byte at a time would cost a hundred times its length.
 */
import type { IncomingMessage } from 'node:http'
import type { Place } from './in-flight.ts'

export type Body =
  | { readonly kind: 'whole'; readonly blocks: readonly Uint8Array[]; readonly length: number }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'busy' }
  /** The client went away, or took too long. */
  | { readonly kind: 'gone' }

/** Largest block for small chunks. Its memory is taken, and counted, when it begins. */
export const BODY_BLOCK_BYTES = 65_536
/** Smallest chunk kept as it came, in bytes: what Node adds to it is a tenth of that. */
const MIN_KEPT_BYTES = 4_096

/**
 * Never throws. After any answer but `whole` the caller decides what becomes of the bytes still coming.
 * @param declared length of the body, if the client told it
 */
export function readBody(
  request: IncomingMessage,
  place: Place,
  maxBytes: number,
  declared = Number.POSITIVE_INFINITY,
): Promise<Body> {
  const blocks = new Blocks(place, declared)
  return new Promise((resolve) => {
    const finish = (body: Body): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      resolve(body)
    }
    const onData = (chunk: Uint8Array): void => {
      if (blocks.length + chunk.length > maxBytes) finish({ kind: 'too-large' })
      else if (!blocks.add(chunk)) finish({ kind: 'busy' })
    }
    const onEnd = (): void => finish({ kind: 'whole', blocks: blocks.finish(), length: blocks.length })
    const onGone = (): void => finish({ kind: 'gone' })
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}

/** What has come so far. A block is full before anything is put behind it. */
class Blocks {
  readonly #place: Place
  readonly #declared: number
  readonly #blocks: Uint8Array[] = []
  /** Room left in the last block. */
  #free = new Uint8Array(0)
  length = 0

  constructor(place: Place, declared: number) {
    this.#place = place
    this.#declared = declared
  }

  /** @returns whether there was room for it */
  add(chunk: Uint8Array): boolean {
    let rest = this.#fill(chunk)
    while (rest.length > 0) {
      if (this.#isKept(rest)) return this.#keep(rest)
      if (!this.#begin()) return false
      rest = this.#fill(rest)
    }
    return true
  }

  finish(): readonly Uint8Array[] {
    const last = this.#blocks.pop()
    if (last !== undefined) this.#blocks.push(last.subarray(0, last.length - this.#free.length))
    return this.#blocks
  }

  /** @returns what does not fit into the last block */
  #fill(chunk: Uint8Array): Uint8Array {
    const part = chunk.subarray(0, this.#free.length)
    this.#free.set(part)
    this.#free = this.#free.subarray(part.length)
    this.length += part.length
    return chunk.subarray(part.length)
  }

  /** Also a body that comes whole, however small; never a small part of a large buffer, which would stay with it. */
  #isKept({ length, buffer }: Uint8Array): boolean {
    return (length >= MIN_KEPT_BYTES || length === this.#declared) && buffer.byteLength <= 2 * length
  }

  #keep(chunk: Uint8Array): boolean {
    if (!this.#place.take(chunk.buffer.byteLength)) return false
    this.#blocks.push(chunk)
    this.length += chunk.length
    return true
  }

  /** Begins a block, no larger than what may still come. */
  #begin(): boolean {
    const missing = this.#declared - this.length
    const bytes = missing > 0 ? Math.min(BODY_BLOCK_BYTES, missing) : BODY_BLOCK_BYTES
    if (!this.#place.take(bytes)) return false
    this.#free = new Uint8Array(bytes)
    this.#blocks.push(this.#free)
    return true
  }
}
