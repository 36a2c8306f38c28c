/** Numbers of up to 64 bits as bytes, for trace summaries. A reader never reads past the end and trusts no count. */
import { MeshError } from '../../base/errors.ts'

export type SummariesErrorCode = 'INDEX_BAD_SUMMARIES'
/** What is stored is no list of entries of this version: it has to be made again from the segment. */
export class SummariesError extends MeshError<SummariesErrorCode> {}

const MAX_VARINT_BYTES = 10
const U64_BYTES = 8
/** Numbers below this need no big integers. */
const SMALL_BITS = 28

export class SummaryWriter {
  #bytes = new Uint8Array(4096)
  #length = 0

  bytes(part: Uint8Array): void {
    this.#reserve(part.length)
    this.#bytes.set(part, this.#length)
    this.#length += part.length
  }

  u64(value: bigint): void {
    this.#reserve(U64_BYTES)
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, value, true)
    this.#length += U64_BYTES
  }

  varint(value: bigint | number): void {
    this.#reserve(MAX_VARINT_BYTES)
    let big = BigInt(value)
    for (; big >> BigInt(SMALL_BITS) !== 0n; big >>= 7n) this.#bytes[this.#length++] = Number(big & 0x7fn) | 0x80
    let small = Number(big)
    for (; small >= 0x80; small >>>= 7) this.#bytes[this.#length++] = (small & 0x7f) | 0x80
    this.#bytes[this.#length++] = small
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const larger = new Uint8Array((this.#length + length) * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

export class SummaryReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  bytes(length: number): Uint8Array {
    const start = this.#at
    this.skip(length)
    return this.#bytes.subarray(start, this.#at)
  }

  u64(): bigint {
    const { buffer, byteOffset } = this.bytes(U64_BYTES)
    return new DataView(buffer, byteOffset).getBigUint64(0, true)
  }

  varint(): bigint {
    let small = 0
    for (let shift = 0; shift < SMALL_BITS; shift += 7) {
      const byte = this.#byte()
      small |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(small)
    }
    let value = BigInt(small)
    for (let shift = SMALL_BITS; shift < 7 * MAX_VARINT_BYTES; shift += 7) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte < 0x80) return value
    }
    throw badSummaries('a number without end')
  }

  skipVarint(): void {
    for (let left = MAX_VARINT_BYTES; left > 0; left--) if (this.#byte() < 0x80) return
    throw badSummaries('a number without end')
  }

  /** How the bytes that come next are ordered against these, as `compareBytes` says; they are passed over. */
  compare(wanted: Uint8Array): number {
    const start = this.#at
    this.skip(wanted.length)
    for (let i = 0; i < wanted.length; i++) {
      const difference = (this.#bytes[start + i] as number) - (wanted[i] as number)
      if (difference !== 0) return difference
    }
    return 0
  }

  skip(length: number): void {
    if (length > this.#bytes.length - this.#at) throw badSummaries('it ends too soon')
    this.#at += length
  }

  /** A varint of at most `max`. */
  count(max: number): number {
    const value = this.varint()
    if (value > BigInt(max)) throw badSummaries('a number is too large')
    return Number(value)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw badSummaries('more behind its end')
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw badSummaries('it ends too soon')
    return this.#bytes[this.#at++] as number
  }
}

export function badSummaries(what: string): SummariesError {
  return new SummariesError('INDEX_BAD_SUMMARIES', `stored trace summaries: ${what}`)
}
