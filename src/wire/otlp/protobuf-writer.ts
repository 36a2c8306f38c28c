/**
 * Writes protobuf into one growing buffer. Nested messages are opened and closed around their fields: no sizes are
 * computed beforehand and no parts are built; a length that takes other bytes than was guessed moves its message once.
 */
const encoder = new TextEncoder()
const NANOS_PER_MS = 1e6
const FIRST_CAPACITY_BYTES = 1024
/** Most bytes a varint takes. */
const MAX_VARINT_BYTES = 10
/** Up to here a length takes one byte. */
const MAX_SHORT_BYTES = 127
/** Of an entry's message, besides the texts of key and value: tags and lengths of these and of the message around the value. */
const ENTRY_BYTES = 6
const [KEY_TAG, VALUE_TAG] = [0x0a, 0x12]

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

  /**
   * Opens a message field; give the answer to {@link close} after its own fields.
   * @param lengthBytes how many bytes its length is going to take: a guess that is wrong moves the message once
   */
  open(tag: number, lengthBytes = 1): number {
    this.#reserve(2 * MAX_VARINT_BYTES)
    this.#putVarint(tag)
    this.#length += lengthBytes
    return this.#length
  }

  /** @param lengthBytes as it was opened with @returns how many it took */
  close(start: number, lengthBytes = 1): number {
    const length = this.#length - start
    if (length < 0x80 && lengthBytes === 1) {
      this.#bytes[start - 1] = length
      return 1
    }
    const needed = varintBytes(length)
    const extra = needed - lengthBytes
    if (extra !== 0) {
      this.#reserve(MAX_VARINT_BYTES)
      this.#bytes.copyWithin(start + extra, start, this.#length)
    }
    this.#length = start - lengthBytes
    this.#putVarint(length)
    this.#length += length
    return needed
  }

  text(tag: number, text: string): void {
    this.#reserve(2 * MAX_VARINT_BYTES + text.length * 3)
    this.#putVarint(tag)
    // Names and most values: a call of the encoder costs more than all else about them.
    const isShort = text.length <= MAX_SHORT_BYTES && putAscii(this.#bytes, this.#length + 1, text)
    if (isShort) {
      this.#bytes[this.#length] = text.length
      this.#length += 1 + text.length
      return
    }
    const start = ++this.#length
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(start)).written
    this.close(start)
  }

  /** A message whose only field is a text, in one go; tags are below 128. @returns false, with nothing written, if it is not short, or not ASCII */
  textMessage(tag: number, member: number, text: string): boolean {
    if (text.length > MAX_SHORT_BYTES - 2) return false
    this.#reserve(MAX_SHORT_BYTES + 2)
    return this.#putTextMessage(this.#length, tag, member, text)
  }

  /** An entry as protobuf's maps have them: a key in field 1, in field 2 a message whose only field is a text. As {@link textMessage}. */
  textEntry(tag: number, key: string, member: number, text: string): boolean {
    const length = ENTRY_BYTES + key.length + text.length
    if (length > MAX_SHORT_BYTES) return false
    const at = this.#putKey(tag, key, length)
    return at > 0 && this.#putTextMessage(at, VALUE_TAG, member, text)
  }

  /** The same of a number from 0 to 127: one byte as a varint. */
  smallEntry(tag: number, key: string, member: number, value: number): boolean {
    const length = ENTRY_BYTES + key.length
    if (length > MAX_SHORT_BYTES) return false
    const at = this.#putKey(tag, key, length)
    if (at === 0) return false
    const bytes = this.#bytes
    bytes[at] = VALUE_TAG
    bytes[at + 1] = 2
    bytes[at + 2] = member
    bytes[at + 3] = value
    this.#length = at + 4
    return true
  }

  /** @returns where the value goes; 0 if the key is not ASCII */
  #putKey(tag: number, key: string, length: number): number {
    this.#reserve(MAX_SHORT_BYTES + 2)
    const bytes = this.#bytes
    const at = this.#length
    bytes[at] = tag
    bytes[at + 1] = length
    bytes[at + 2] = KEY_TAG
    bytes[at + 3] = key.length
    return putAscii(bytes, at + 4, key) ? at + 4 + key.length : 0
  }

  #putTextMessage(at: number, tag: number, member: number, text: string): boolean {
    const bytes = this.#bytes
    bytes[at] = tag
    bytes[at + 1] = text.length + 2
    bytes[at + 2] = member
    bytes[at + 3] = text.length
    if (!putAscii(bytes, at + 4, text)) return false
    this.#length = at + 4 + text.length
    return true
  }

  /** Bytes that are given in hex: an id. */
  hex(tag: number, text: string): void {
    const length = text.length >> 1
    this.#reserve(2 * MAX_VARINT_BYTES + length)
    this.#putVarint(tag)
    this.#putVarint(length)
    const bytes = this.#bytes
    const start = this.#length
    for (let i = 0; i < length; i++) {
      bytes[start + i] = (digitOf(text.charCodeAt(2 * i)) << 4) | digitOf(text.charCodeAt(2 * i + 1))
    }
    this.#length = start + length
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.varint(tag)
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  fixed32(tag: number, value: number): void {
    this.#reserve(MAX_VARINT_BYTES + 4)
    this.#putVarint(tag)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Signed or not: the low 64 bits. */
  fixed64(tag: number, value: bigint): void {
    this.varint(tag)
    this.#fixed64(value)
  }

  /** A time in nanoseconds as fixed64, without a bigint: `ms` is whole and below 2^44, `nanos` below 2^40. */
  nanoTime(tag: number, ms: number, nanos: number): void {
    this.#reserve(MAX_VARINT_BYTES + 8)
    this.#putVarint(tag)
    // ms * 10^6 + nanos, as high * 2^32 + rest, from halves of ms: no step leaves the whole numbers of a double.
    const msHigh = Math.floor(ms / 2 ** 20)
    const product = msHigh * NANOS_PER_MS
    const high = Math.floor(product / 2 ** 12)
    const rest = (product - high * 2 ** 12) * 2 ** 20 + (ms - msHigh * 2 ** 20) * NANOS_PER_MS + nanos
    const carry = Math.floor(rest / 2 ** 32)
    this.#view.setUint32(this.#length, rest - carry * 2 ** 32, true)
    this.#view.setUint32(this.#length + 4, high + carry, true)
    this.#length += 8
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
    if (value < 0x80) {
      this.#bytes[this.#length++] = value
      return
    }
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

/** @returns whether it is ASCII; what was written is to be written over if not */
function putAscii(bytes: Uint8Array, start: number, text: string): boolean {
  let all = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    all |= code
    bytes[start + i] = code
  }
  return all < 0x80
}

/** Of a hex digit in ASCII: letters begin one after a multiple of 64, digits at a multiple of 16 below that. */
function digitOf(code: number): number {
  return (code & 15) + 9 * (code >> 6)
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let limit = 0x80; value >= limit; limit *= 0x80) bytes++
  return bytes
}
