/**
 * Reads protobuf (protobuf.dev/programming-guides/encoding) in place, without copying.
 *
 * Never reads past `end`, never trusts a length; throws OtlpError and nothing else. Groups (wire types 3 and 4)
 * are refused: OTLP has none. Callers branch on the whole tag, so a field of a wrong wire type is never misread.
 */
import { malformed, OtlpError } from './otlp-error.ts'

export const WIRE_VARINT = 0
export const WIRE_FIXED64 = 1
export const WIRE_BYTES = 2
export const WIRE_FIXED32 = 5

const MAX_TAG = 0xffff_ffff
const MAX_VARINT_BYTES = 10
// A byte order mark is part of the text: dropping it would change what was sent.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class ProtobufReader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #pos: number
  #end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#pos = start
    this.#end = end
  }

  get pos(): number {
    return this.#pos
  }

  get end(): number {
    return this.#end
  }

  get hasMore(): boolean {
    return this.#pos < this.#end
  }

  /** Goes to `start` and reads no further than `end`; both inside the bytes, from ranges this reader gave before. */
  seek(start: number, end: number): void {
    this.#pos = start
    this.#end = end
  }

  /** Field number and wire type: `(field << 3) | wire`, unsigned. */
  tag(): number {
    const tag = this.#varint()
    if (tag > MAX_TAG || tag < 8) throw malformed('a field number is out of range')
    return tag
  }

  /** Reads a length, which may reach past the end. */
  length(): number {
    return this.#varint()
  }

  /** Reads a length and narrows the reader to what it spans; give the answer to {@link leave} afterwards. */
  enter(): number {
    const length = this.#varint()
    if (length > this.#end - this.#pos) throw malformed('a length reaches past the end')
    const outer = this.#end
    this.#end = this.#pos + length
    return outer
  }

  /** Back to the message around, after its part was entered. */
  leave(outer: number): void {
    this.#pos = this.#end
    this.#end = outer
  }

  /** A view of a length-delimited field's bytes, not a copy. */
  view(): Uint8Array {
    const outer = this.enter()
    const view = this.bytes.subarray(this.#pos, this.#end)
    this.leave(outer)
    return view
  }

  text(): string {
    const view = this.view()
    return (view.length <= SHORT_TEXT_BYTES ? asciiText(view) : undefined) ?? decode(view)
  }

  /** The bytes of a string that is UTF-8: a view, not a copy. */
  textBytes(): Uint8Array {
    const start = this.#pos
    this.skipText()
    this.#pos = start
    return this.view()
  }

  /** Passes over a string, making sure that {@link text} would have read it. */
  skipText(): void {
    const start = this.#pos
    const outer = this.enter()
    let at = this.#pos
    while (at < this.#end && (this.bytes[at] as number) < 0x80) at++
    const isAscii = at === this.#end
    this.leave(outer)
    if (isAscii) return
    this.#pos = start
    this.text()
  }

  /** Throws unless the bytes between are UTF-8. */
  requireText(start: number, end: number): void {
    decode(this.bytes.subarray(start, end))
  }

  /** Low 32 bits of a varint, signed: enums and int32. */
  int32(): number {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte()
      if (i < 5) value |= (byte & 0x7f) << (7 * i)
      if (byte < 0x80) return value
    }
    throw malformed('a number is longer than 10 bytes')
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  sint32(): number {
    const value = this.uint32()
    return (value >>> 1) ^ -(value & 1)
  }

  bool(): boolean {
    return this.#varint() !== 0
  }

  uint64(): bigint {
    const start = this.#pos
    const value = this.#varint()
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value)
    this.#pos = start
    return this.#bigVarint()
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64())
  }

  fixed32(): number {
    return this.#view.getUint32(this.#fixed(4), true)
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#fixed(8), true)
  }

  sfixed64(): bigint {
    return this.#view.getBigInt64(this.#fixed(8), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#fixed(8), true)
  }

  /** Passes over a field's value. */
  skip(wire: number): void {
    if (wire === WIRE_VARINT) this.#varint()
    else if (wire === WIRE_FIXED64) this.#fixed(8)
    else if (wire === WIRE_BYTES) this.leave(this.enter())
    else if (wire === WIRE_FIXED32) this.#fixed(4)
    else throw malformed('a field is a group or of an unknown wire type')
  }

  /** Exact up to 2^53, beyond that at least larger than it. */
  #varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw malformed('a number is longer than 10 bytes')
  }

  #bigVarint(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
  }

  #byte(): number {
    if (this.#pos >= this.#end) throw malformed('it ends inside a number')
    return this.bytes[this.#pos++] as number
  }

  #fixed(length: number): number {
    const at = this.#pos
    if (this.#end - at < length) throw malformed('it ends inside a number')
    this.#pos = at + length
    return at
  }
}

/** Up to here a loop over ASCII is faster than a call to TextDecoder; most keys and values are shorter. */
const SHORT_TEXT_BYTES = 24

function asciiText(bytes: Uint8Array): string | undefined {
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined
    text += String.fromCharCode(byte)
  }
  return text
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new OtlpError('OTLP_BAD_TEXT', 'a string is not UTF-8', { cause })
  }
}
