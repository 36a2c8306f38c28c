/**
 * Numbers as bytes, for the formats of postings: unsigned, seven bits a byte, lowest first, at most 2^49 - 1. The error of all of
 * these formats is here too: their bytes come from pages that are authenticated, so it means a fault, and the index is made again.
 */
import { WireError } from '../wire-error.ts'

export type PostingErrorCode =
  /** Bytes that no writer of postings makes. */
  'POSTING_MALFORMED' | 'POSTING_VERSION'
export class PostingError extends WireError<PostingErrorCode> {}

/** Row ids of segments are below this: far more than a device ever writes. */
export const MAX_SEGMENT = 2 ** 40
/** Keys are below this: the first 6 bytes of a trace id. Tokens have 4. */
export const MAX_KEY = 2 ** 48
const MAX_VARINT_BYTES = 7
/** The place value of the last byte. */
const LAST_SCALE = 2 ** (7 * (MAX_VARINT_BYTES - 1))

export class PostingWriter {
  #bytes = new Uint8Array(4096)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(byte: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = byte
  }

  varint(number: number): void {
    this.#room(MAX_VARINT_BYTES)
    const bytes = this.#bytes
    let at = this.#length
    let high = number
    if (number >= 2 ** 28) {
      // Four bytes of the low bits, so that what is left is a small integer: four times as fast as dividing by steps.
      const low = number & (2 ** 28 - 1)
      bytes[at] = (low & 127) | 128
      bytes[at + 1] = ((low >>> 7) & 127) | 128
      bytes[at + 2] = ((low >>> 14) & 127) | 128
      bytes[at + 3] = (low >>> 21) | 128
      at += 4
      high = Math.floor(number / 2 ** 28)
    }
    let rest = high | 0
    for (; rest >= 128; rest >>>= 7) bytes[at++] = (rest & 127) | 128
    bytes[at++] = rest
    this.#length = at
  }

  /** 4 bytes at a place that was written before, lowest first. */
  patch(at: number, number: number): void {
    for (let i = 0; i < 4; i++) this.#bytes[at + i] = (number >>> (8 * i)) & 255
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  append(other: PostingWriter): void {
    this.bytes(other.#bytes.subarray(0, other.#length))
  }

  /** To write something else with the same memory. */
  reset(): void {
    this.#length = 0
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + bytes))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

export class PostingBytes {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** @throws {PostingError} for one that is longer than it may be or ends after the bytes do */
  varint(): number {
    const first = this.bytes[this.at++] as number
    if (first < 128) return first
    let value = first & 127
    // Beyond the end a byte is undefined, which no comparison holds for: the loop ends with the last scale.
    for (let scale = 128; scale <= LAST_SCALE; scale *= 128) {
      const byte = this.bytes[this.at++] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw malformed('a number ends nowhere', this.at)
  }

  /** @throws {PostingError} unless the first byte is this version */
  version(version: number): void {
    const found = this.bytes[this.at++]
    if (found === version) return
    throw new PostingError('POSTING_VERSION', 'another version of postings', {
      details: { version, found: found ?? -1 },
    })
  }

  /** @throws {PostingError} if something follows */
  end(): void {
    if (this.at !== this.bytes.length) throw malformed('more bytes than it has keys for', this.at)
  }
}

export function malformed(problem: string, at: number): PostingError {
  return new PostingError('POSTING_MALFORMED', `postings: ${problem}`, { details: { at } })
}
