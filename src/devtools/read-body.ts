/**
 * Reads a request's body into blocks of a fixed size, and stops at the first byte too many.
 * Chunks are copied: kept as they come, a body sent one byte at a time would cost a hundred times its length.
 */
import type { IncomingMessage } from 'node:http'
import type { Place } from './in-flight.ts'

export type Body =
  | { readonly kind: 'whole'; readonly blocks: readonly Uint8Array[]; readonly length: number }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'busy' }
  /** The client went away, or took too long. */
  | { readonly kind: 'gone' }

/** Memory is taken, and counted, in these steps. */
export const BODY_BLOCK_BYTES = 65_536

/** Never throws. After any answer but `whole` the caller decides what becomes of the bytes still coming. */
export function readBody(request: IncomingMessage, place: Place, maxBytes: number): Promise<Body> {
  const blocks: Uint8Array[] = []
  let length = 0
  return new Promise((resolve) => {
    const finish = (body: Body): void => {
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone)
      resolve(body)
    }
    const onData = (chunk: Uint8Array): void => {
      if (length + chunk.length > maxBytes) return finish({ kind: 'too-large' })
      const free = blocks.length * BODY_BLOCK_BYTES - length
      const missing = Math.ceil((chunk.length - free) / BODY_BLOCK_BYTES)
      if (missing > 0 && !place.take(missing * BODY_BLOCK_BYTES)) return finish({ kind: 'busy' })
      append(blocks, length, chunk)
      length += chunk.length
    }
    const onEnd = (): void => finish({ kind: 'whole', blocks: trimmed(blocks, length), length })
    const onGone = (): void => finish({ kind: 'gone' })
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone)
  })
}

function append(blocks: Uint8Array[], length: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length;) {
    const offset = (length + at) % BODY_BLOCK_BYTES
    if (offset === 0) blocks.push(new Uint8Array(BODY_BLOCK_BYTES))
    const part = chunk.subarray(at, at + BODY_BLOCK_BYTES - offset)
    blocks[blocks.length - 1]?.set(part, offset)
    at += part.length
  }
}

function trimmed(blocks: readonly Uint8Array[], length: number): Uint8Array[] {
  return blocks.map((block, i) => block.subarray(0, Math.min(BODY_BLOCK_BYTES, length - i * BODY_BLOCK_BYTES)))
}
