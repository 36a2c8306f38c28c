/** Reads what {@link BitWriter} wrote. Never past the end: that is `METRIC_BLOCK_MALFORMED`. */
import { malformedBlock } from './metric-block-error.ts'

const TWO_POW_32 = 2 ** 32
const MAX_WIDTH = 53

export class BitReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  /** In bits. */
  #at: number

  constructor(bytes: Uint8Array, startByte = 0) {
    this.#bytes = bytes
    this.#at = startByte * 8
    this.#end = bytes.length * 8
  }

  get leftBits(): number {
    return this.#end - this.#at
  }

  /** As a 32-bit integer from 0; at most 32 bits. */
  bits(count: number): number {
    if (count > this.#end - this.#at) throw malformedBlock('it ends early')
    let value = 0
    let left = count
    while (left > 0) {
      const used = this.#at & 7
      const take = Math.min(8 - used, left)
      const byte = this.#bytes[this.#at >>> 3] as number
      value = (value << take) | ((byte >>> (8 - used - take)) & ((1 << take) - 1))
      this.#at += take
      left -= take
    }
    return value >>> 0
  }

  wide(count: number): number {
    if (count <= 32) return this.bits(count)
    const high = this.bits(count - 32)
    return high * TWO_POW_32 + this.bits(32)
  }

  unsigned(): number {
    return this.wide(this.width())
  }

  /** How many bits a number takes. */
  width(): number {
    const width = this.bits(6)
    if (width > MAX_WIDTH) throw malformedBlock('a number is wider than 53 bits')
    return width
  }

  signed(): number {
    const value = this.unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  double(): number {
    scratch.setUint32(0, this.bits(32))
    scratch.setUint32(4, this.bits(32))
    return scratch.getFloat64(0)
  }

  bytes(count: number): Uint8Array {
    if (count * 8 > this.leftBits) throw malformedBlock('it ends early')
    return Uint8Array.from({ length: count }, () => this.bits(8))
  }

  /** What is left are the zeros that fill up the last byte. */
  end(): void {
    if (this.leftBits >= 8 || this.bits(this.leftBits) !== 0) throw malformedBlock('bytes follow it')
  }
}

const scratch = new DataView(new ArrayBuffer(8))
