/**
 * CBOR in the deterministic subset every binary format of ours is made of (docs/spec/cbor.md; RFC 8949, 4.2.1).
 *
 * A value has exactly one encoding and {@link decodeCbor} accepts no other, so what was signed or hashed can be
 * decoded and encoded again without a byte changing. Depth and item count are bounded: small input, small cost.
 */
import { utf8 } from '../base/bytes.ts'
import { CborBudget, CborError, MAJOR, SIMPLE, type CborErrorCode, type CborMap, type CborValue } from './cbor-value.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws {CborError} for numbers, texts, keys, depths and counts outside the subset. */
export function encodeCbor(value: CborValue): Uint8Array {
  const writer = new CborWriter()
  writer.value(value)
  return writer.finish()
}

/**
 * Decodes exactly one value that fills `bytes`. Byte strings in it are copies: they keep no larger buffer alive.
 *
 * @throws {CborError} for anything else; never returns part of a value.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new CborReader(bytes)
  const value = reader.value()
  reader.end()
  return value
}

class CborWriter {
  readonly #budget = new CborBudget()
  #bytes = new Uint8Array(256)
  #length = 0

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  value(value: CborValue): void {
    this.#budget.item()
    if (typeof value === 'number') this.#integer(value)
    else if (typeof value === 'string') this.#text(value)
    else if (typeof value === 'boolean') this.#room(1)[0] = value ? SIMPLE.true : SIMPLE.false
    else if (value === null) this.#room(1)[0] = SIMPLE.null
    else if (value instanceof Uint8Array) this.#string(MAJOR.bytes, value)
    else if (value instanceof Map) this.#map(value)
    else this.#array(value as readonly CborValue[])
  }

  #integer(value: number): void {
    if (!Number.isSafeInteger(value)) throw refuse('CBOR_INTEGER_RANGE', 'not an integer within 2^53-1')
    if (value >= 0) this.#head(MAJOR.uint, value)
    else this.#head(MAJOR.negint, -1 - value)
  }

  #text(text: string): void {
    if (!text.isWellFormed()) throw refuse('CBOR_TEXT', 'text has a lone surrogate')
    this.#string(MAJOR.text, utf8(text))
  }

  #string(major: number, bytes: Uint8Array): void {
    this.#head(major, bytes.length)
    this.#room(bytes.length).set(bytes)
  }

  #array(values: readonly CborValue[]): void {
    this.#budget.enter()
    this.#head(MAJOR.array, values.length)
    for (const value of values) this.value(value)
    this.#budget.leave()
  }

  #map(map: CborMap): void {
    this.#budget.enter()
    this.#head(MAJOR.map, map.size)
    for (const [key, value] of [...map].sort(([a], [b]) => a - b)) {
      if (!Number.isSafeInteger(key) || key < 0) throw refuse('CBOR_MAP_KEY', 'map key is not an unsigned integer')
      this.#head(MAJOR.uint, key)
      this.value(value)
    }
    this.#budget.leave()
  }

  /** Initial byte and argument in the fewest bytes. */
  #head(major: number, argument: number): void {
    const first = major << 5
    if (argument < 24) this.#room(1)[0] = first | argument
    else if (argument <= 0xff) this.#room(2).set([first | 24, argument])
    else if (argument <= 0xffff) this.#room(3).set([first | 25, argument >>> 8, argument & 0xff])
    else if (argument <= 0xffff_ffff) {
      const bytes = this.#room(5)
      bytes[0] = first | 26
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(1, argument)
    } else {
      const bytes = this.#room(9)
      bytes[0] = first | 27
      new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(1, BigInt(argument))
    }
  }

  /** The next `length` bytes to write to; doubles the buffer when full, so copying stays linear. */
  #room(length: number): Uint8Array {
    const end = this.#length + length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    const room = this.#bytes.subarray(this.#length, end)
    this.#length = end
    return room
  }
}

class CborReader {
  readonly #budget = new CborBudget()
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw refuse('CBOR_TRAILING_BYTES', 'bytes after the value')
  }

  value(): CborValue {
    this.#budget.item()
    const first = this.#view.getUint8(this.#take(1))
    const major = first >>> 5
    if (major === MAJOR.simple) return simpleValue(first)
    const argument = this.#argument(first & 0x1f)
    switch (major) {
      case MAJOR.uint:
        return argument
      case MAJOR.negint:
        return negative(argument)
      case MAJOR.bytes:
        return this.#byteString(argument)
      case MAJOR.text:
        return this.#text(argument)
      case MAJOR.array:
        return this.#array(argument)
      case MAJOR.map:
        return this.#map(argument)
      default:
        throw refuse('CBOR_UNSUPPORTED', 'tags are not part of the subset')
    }
  }

  #argument(info: number): number {
    if (info < 24) return info
    if (info === 24) return this.#atLeast(24, this.#view.getUint8(this.#take(1)))
    if (info === 25) return this.#atLeast(0x100, this.#view.getUint16(this.#take(2)))
    if (info === 26) return this.#atLeast(0x1_0000, this.#view.getUint32(this.#take(4)))
    if (info !== 27) throw refuse('CBOR_UNSUPPORTED', 'indefinite or reserved length')
    const large = this.#view.getBigUint64(this.#take(8))
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse('CBOR_INTEGER_RANGE', 'integer beyond 2^53-1')
    return this.#atLeast(0x1_0000_0000, Number(large))
  }

  #atLeast(smallest: number, argument: number): number {
    if (argument < smallest) throw refuse('CBOR_NOT_CANONICAL', 'integer not in its shortest form')
    return argument
  }

  #byteString(length: number): Uint8Array {
    const at = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(at, at + length))
  }

  #text(length: number): string {
    const at = this.#take(length)
    try {
      return decoder.decode(this.#bytes.subarray(at, at + length))
    } catch (cause) {
      throw refuse('CBOR_TEXT', 'text is not UTF-8', cause)
    }
  }

  #array(count: number): readonly CborValue[] {
    this.#expect(count)
    this.#budget.enter()
    const values: CborValue[] = []
    for (let i = 0; i < count; i++) values.push(this.value())
    this.#budget.leave()
    return values
  }

  #map(count: number): CborMap {
    this.#expect(count * 2)
    this.#budget.enter()
    const map = new Map<number, CborValue>()
    let last = -1
    for (let i = 0; i < count; i++) {
      last = this.#keyAfter(last)
      map.set(last, this.value())
    }
    this.#budget.leave()
    return map
  }

  #keyAfter(last: number): number {
    const first = this.#view.getUint8(this.#take(1))
    if (first >>> 5 !== MAJOR.uint) throw refuse('CBOR_MAP_KEY', 'map key is not an unsigned integer')
    const key = this.#argument(first & 0x1f)
    if (key <= last) throw refuse('CBOR_MAP_ORDER', 'map keys are not strictly ascending')
    return key
  }

  /** Every item takes a byte or more: a count beyond what is left is refused before anything is allocated. */
  #expect(items: number): void {
    if (items > this.#bytes.length - this.#at) throw refuse('CBOR_TRUNCATED', 'ends inside a list')
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) throw refuse('CBOR_TRUNCATED', 'ends inside a value')
    this.#at = at + length
    return at
  }
}

function simpleValue(first: number): boolean | null {
  if (first === SIMPLE.false) return false
  if (first === SIMPLE.true) return true
  if (first === SIMPLE.null) return null
  throw refuse('CBOR_UNSUPPORTED', 'floats and other simple values are not part of the subset')
}

function negative(argument: number): number {
  if (argument === Number.MAX_SAFE_INTEGER) throw refuse('CBOR_INTEGER_RANGE', 'integer beyond -(2^53-1)')
  return -1 - argument
}

function refuse(code: CborErrorCode, message: string, cause?: unknown): CborError {
  return new CborError(code, message, { cause })
}
