/**
 * Plain values as Yjs has them in its updates: the "any" encoding of lib0, one type byte and then
 *
 *   127 undefined | 126 null | 121 false | 120 true | 125 integer (varint) | 124 float32 BE | 123 float64 BE | 122 int64 BE
 *   119 text (varuint length, UTF-8) | 116 bytes (varuint length) | 117 list (varuint count) | 118 object (varuint count, keys as text)
 *
 * varuint: 7 bits a byte, lowest first, the highest bit says that more follow; varint: of the first byte 6 bits, and bit 6 is
 * the sign. Numbers are at most 2^53-1. What is written is what lib0 would write. What is read is hostile: depth and count of
 * values are bounded, and objects are maps, so that no key means anything.
 */
import { utf8 } from '../../base/bytes.ts'
import { malformed, UpdateError } from './update-error.ts'

export type AnyValue =
  | undefined
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AnyValue[]
  | ReadonlyMap<string, AnyValue>

/** Deepest nesting of lists and objects; ours is a list in an object. */
export const MAX_ANY_DEPTH = 4
/** Most values in one update, at any depth: as many as the largest of ours has, and some to spare. */
export const MAX_ANY_VALUES = 16_384

const TYPE = {
  undefined: 127,
  null: 126,
  integer: 125,
  float32: 124,
  float64: 123,
  int64: 122,
  false: 121,
  true: 120,
  text: 119,
  object: 118,
  list: 117,
  bytes: 116,
} as const
/** Largest number that lib0 writes as an integer. */
const MAX_VARINT = 2 ** 31 - 1

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class AnyReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #values = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }

  varuint(): number {
    let [value, factor] = [0, 1]
    for (;;) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      factor *= 128
      if (value > Number.MAX_SAFE_INTEGER || factor > 2 ** 56) throw malformed('a number beyond 2^53-1')
      if (byte < 0x80) return value
    }
  }

  text(): string {
    try {
      return decoder.decode(this.#string())
    } catch (err) {
      throw err instanceof UpdateError ? err : malformed('a text is not UTF-8')
    }
  }

  value(depth = 0): AnyValue {
    if (++this.#values > MAX_ANY_VALUES) throw new UpdateError('DOCUMENT_TOO_LARGE', 'an update has too many values')
    if (depth > MAX_ANY_DEPTH) throw new UpdateError('DOCUMENT_TOO_LARGE', 'an update is nested too deeply')
    switch (this.byte()) {
      case TYPE.undefined:
        return undefined
      case TYPE.null:
        return null
      case TYPE.false:
        return false
      case TYPE.true:
        return true
      case TYPE.integer:
        return this.#varint()
      case TYPE.float32:
        return this.#view.getFloat32(this.#take(4))
      case TYPE.float64:
        return this.#view.getFloat64(this.#take(8))
      case TYPE.int64:
        return this.#view.getBigInt64(this.#take(8))
      case TYPE.text:
        return this.text()
      case TYPE.bytes:
        return new Uint8Array(this.#string())
      case TYPE.list:
        return this.#list(depth)
      case TYPE.object:
        return this.#object(depth)
      default:
        throw malformed('a type that there is none of')
    }
  }

  #varint(): number {
    const first = this.byte()
    let [value, factor] = [first & 0x3f, 64]
    for (let byte = first; byte >= 0x80;) {
      byte = this.byte()
      value += (byte & 0x7f) * factor
      factor *= 128
      if (value > Number.MAX_SAFE_INTEGER || factor > 2 ** 56) throw malformed('a number beyond 2^53-1')
    }
    return (first & 0x40) === 0 ? value : -value
  }

  #list(depth: number): readonly AnyValue[] {
    const values: AnyValue[] = []
    for (let left = this.varuint(); left > 0; left--) values.push(this.value(depth + 1))
    return values
  }

  #object(depth: number): ReadonlyMap<string, AnyValue> {
    const fields = new Map<string, AnyValue>()
    for (let left = this.varuint(); left > 0; left--) fields.set(this.text(), this.value(depth + 1))
    return fields
  }

  #string(): Uint8Array {
    const length = this.varuint()
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) throw malformed('it ends early')
    this.#at = at + length
    return at
  }
}

export class AnyWriter {
  readonly #bytes: number[] = []

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }

  byte(byte: number): void {
    this.#bytes.push(byte)
  }

  varuint(value: number): void {
    let left = value
    for (; left > 0x7f; left = Math.floor(left / 128)) this.byte((left % 128) | 0x80)
    this.byte(left)
  }

  text(text: string): void {
    const bytes = utf8(text)
    this.varuint(bytes.length)
    this.#append(bytes)
  }

  value(value: AnyValue): void {
    if (typeof value === 'number') this.#number(value)
    else if (typeof value === 'string') this.#typed(TYPE.text, () => this.text(value))
    else if (typeof value === 'boolean') this.byte(value ? TYPE.true : TYPE.false)
    else if (value === null) this.byte(TYPE.null)
    else if (value === undefined) this.byte(TYPE.undefined)
    else if (typeof value === 'bigint')
      this.#typed(TYPE.int64, () => this.#fixed(8, (view) => view.setBigInt64(0, value)))
    else if (value instanceof Uint8Array) this.#typed(TYPE.bytes, () => this.#string(value))
    else if (value instanceof Map) this.#typed(TYPE.object, () => this.#object(value))
    else this.#typed(TYPE.list, () => this.#list(value as readonly AnyValue[]))
  }

  #number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) <= MAX_VARINT) this.#typed(TYPE.integer, () => this.#varint(value))
    else if (Math.fround(value) === value) {
      this.#typed(TYPE.float32, () => this.#fixed(4, (view) => view.setFloat32(0, value)))
    } else this.#typed(TYPE.float64, () => this.#fixed(8, (view) => view.setFloat64(0, value)))
  }

  #varint(value: number): void {
    const isNegative = value < 0 || Object.is(value, -0)
    let left = Math.abs(value)
    this.byte((left > 0x3f ? 0x80 : 0) | (isNegative ? 0x40 : 0) | (left % 64))
    for (left = Math.floor(left / 64); left > 0; left = Math.floor(left / 128)) {
      this.byte((left > 0x7f ? 0x80 : 0) | (left % 128))
    }
  }

  #object(fields: ReadonlyMap<string, AnyValue>): void {
    this.varuint(fields.size)
    for (const [key, value] of fields) {
      this.text(key)
      this.value(value)
    }
  }

  #list(values: readonly AnyValue[]): void {
    this.varuint(values.length)
    for (const value of values) this.value(value)
  }

  #string(bytes: Uint8Array): void {
    this.varuint(bytes.length)
    this.#append(bytes)
  }

  #typed(type: number, write: () => void): void {
    this.byte(type)
    write()
  }

  #fixed(length: number, write: (view: DataView) => void): void {
    const bytes = new Uint8Array(length)
    write(new DataView(bytes.buffer))
    this.#append(bytes)
  }

  #append(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte)
  }
}
