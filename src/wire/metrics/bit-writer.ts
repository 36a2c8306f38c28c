/** Writes bits into one growing buffer, the most significant first; bytes are not aligned. */

const FIRST_CAPACITY_BYTES = 256
const TWO_POW_32 = 2 ** 32

export class BitWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES)
  #at = 0
  /** Bits still free in the byte at `#at`. */
  #free = 8

  /** The `count` low bits of a 32-bit integer; at most 32. */
  bits(value: number, count: number): void {
    if (this.#at + 5 >= this.#bytes.length) this.#grow()
    let left = count
    while (left > 0) {
      const take = Math.min(this.#free, left)
      const part = (value >>> (left - take)) & ((1 << take) - 1)
      this.#free -= take
      this.#bytes[this.#at] = (this.#bytes[this.#at] as number) | (part << this.#free)
      left -= take
      if (this.#free === 0) {
        this.#at++
        this.#free = 8
      }
    }
  }

  /** The `count` low bits of an integer from 0 below 2^53. */
  wide(value: number, count: number): void {
    if (count > 32) this.bits(Math.floor(value / TWO_POW_32), count - 32)
    this.bits(value >>> 0, Math.min(count, 32))
  }

  /** An integer from 0 below 2^53 in as few bits as it needs, and six that say how many. */
  unsigned(value: number): void {
    const width = widthOf(value)
    this.bits(width, 6)
    this.wide(value, width)
  }

  /** An integer above -2^52 and below 2^52. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value)
  }

  double(value: number): void {
    scratch.setFloat64(0, value)
    this.bits(scratch.getUint32(0), 32)
    this.bits(scratch.getUint32(4), 32)
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.bits(byte, 8)
  }

  /** A copy of what was written, the last byte filled up with zeros. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#free === 8 ? this.#at : this.#at + 1)
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

const scratch = new DataView(new ArrayBuffer(8))

/** Bits that an integer from 0 below 2^53 needs. */
export function widthOf(value: number): number {
  return value < TWO_POW_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / TWO_POW_32))
}
