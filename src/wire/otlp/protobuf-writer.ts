/**
 * Writes protobuf into one growing buffer. Nested messages are opened and closed around their fields: no sizes are
 * computed beforehand and no parts are built; a length of more than one byte moves its message up once.
 */
import { digitAt } from '../../base/bytes.ts'

const encoder = new TextEncoder()
const FIRST_CAPACITY_BYTES = 1024
/** Most bytes a varint takes. */
const MAX_VARINT_BYTES = 10
/** Text up to here has a length of one byte. */
const SHORT_TEXT_CHARS = 127

export class ProtobufWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Forgets all that was written after `length`; messages opened since then are no longer open. */
  rewind(length: number): void {
    this.#length = length
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Opens a message field; give the answer to {@link close} after its own fields. */
  open(tag: number): number {
    this.varint(tag)
    this.#reserve(1)
    return ++this.#length
  }

  close(start: number): void {
    const length = this.#length - start
    const extra = varintBytes(length) - 1
    if (extra > 0) {
      this.#reserve(extra)
      this.#bytes.copyWithin(start + extra, start, this.#length)
    }
    this.#length = start - 1
    this.#putVarint(length)
    this.#length += length
  }

  text(tag: number, text: string): void {
    this.#reserve(2 * MAX_VARINT_BYTES + text.length * 3)
    if (text.length <= SHORT_TEXT_CHARS && this.#shortText(tag, text)) return
    const start = this.open(tag)
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(start)).written
    this.close(start)
  }

  /** Names and most values: a call of the encoder costs more than all else about them. @returns false if it is not ASCII */
  #shortText(tag: number, text: string): boolean {
    const before = this.#length
    this.#putVarint(tag)
    this.#bytes[this.#length++] = text.length
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        this.#length = before
        return false
      }
      this.#bytes[this.#length++] = code
    }
    return true
  }

  /** Bytes that are given in hex: an id. */
  hex(tag: number, text: string): void {
    this.varint(tag)
    this.varint(text.length >> 1)
    this.#reserve(text.length >> 1)
    let at = this.#length
    for (let i = 0; i + 1 < text.length; i += 2) {
      this.#bytes[at++] = (digitAt(text, i) << 4) | digitAt(text, i + 1)
    }
    this.#length = at
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.varint(tag)
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  fixed32(tag: number, value: number): void {
    this.varint(tag)
    this.#reserve(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Signed or not: the low 64 bits. */
  fixed64(tag: number, value: bigint): void {
    this.varint(tag)
    this.#fixed64(value)
  }

  double(tag: number, value: number): void {
    this.varint(tag)
    this.#double(value)
  }

  packedDoubles(tag: number, values: readonly number[]): void {
    const start = this.open(tag)
    for (const value of values) this.#double(value)
    this.close(start)
  }

  packedFixed64(tag: number, values: readonly bigint[]): void {
    const start = this.open(tag)
    for (const value of values) this.#fixed64(value)
    this.close(start)
  }

  /** Each from 0 to 2^64 - 1. */
  packedVarints(tag: number, values: readonly bigint[]): void {
    const start = this.open(tag)
    for (const value of values) this.#bigVarint(value)
    this.close(start)
  }

  /** Fields that were written before, with their tags. */
  raw(fields: Uint8Array): void {
    this.#reserve(fields.length)
    this.#bytes.set(fields, this.#length)
    this.#length += fields.length
  }

  /** A whole number up to 2^53 either way, as a varint: enums, bools, counts. */
  integer(tag: number, value: number): void {
    if (value < 0) return this.bigint(tag, BigInt(value))
    this.varint(tag)
    this.varint(value)
  }

  /** int64 and uint64: two's complement of 64 bits. */
  bigint(tag: number, value: bigint): void {
    this.varint(tag)
    this.#bigVarint(value)
  }

  /** A bare varint: part of a packed list. `value` is an integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES)
    this.#putVarint(value)
  }

  /** Where there is room already: growing the buffer keeps only what stands before the place written to. */
  #putVarint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80
    this.#bytes[this.#length++] = rest
  }

  #bigVarint(value: bigint): void {
    if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return this.varint(Number(value))
    this.#reserve(MAX_VARINT_BYTES)
    let rest = BigInt.asUintN(64, value)
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#length++] = Number(rest)
  }

  #fixed64(value: bigint): void {
    this.#reserve(8)
    this.#view.setBigInt64(this.#length, value, true)
    this.#length += 8
  }

  #double(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++
  return bytes
}
