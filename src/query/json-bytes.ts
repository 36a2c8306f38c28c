/**
 * JSON written as the bytes it is sent as, in parts: a large answer is never one string, which could be longer than the
 * engine allows, and never one array, which would have to be copied as it grows. Whoever writes keeps it JSON.
 */
import { utf8 } from '../base/bytes.ts'

/** Most answers are small. Later parts are large enough to be few, small enough that making one takes no time worth mentioning. */
const [FIRST_PART_BYTES, PART_BYTES] = [1 << 14, 1 << 18]
/** Most bytes that one byte of text becomes: `\u001f`. */
const MAX_ESCAPED_BYTES = 6

/** Digits of the largest 64-bit integer. */
const MAX_DECIMAL_BYTES = 20
const WORD = 2 ** 32
const BILLION = 1_000_000_000
const [QUOTE, BACKSLASH, ZERO, FIRST_PRINTABLE] = [0x22, 0x5c, 0x30, 0x20]
/** The two characters of each byte in hex. */
const HEX = Uint16Array.from({ length: 256 }, (_, byte) => {
  const [high, low] = utf8(byte.toString(16).padStart(2, '0')) as unknown as [number, number]
  return (high << 8) | low
})
/** `000` up to `999`, one after the other. */
const DIGITS_OF_THOUSAND = utf8(Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0')).join(''))
/** What stands for a byte of text that JSON must escape, by byte. */
const ESCAPES = Array.from({ length: 256 }, (_, byte) => {
  const isEscaped = byte < FIRST_PRINTABLE || byte === QUOTE || byte === BACKSLASH
  return isEscaped ? utf8(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)) : undefined
})

export class JsonBytes {
  readonly #parts: Uint8Array[] = []
  #part = new Uint8Array(FIRST_PART_BYTES)
  #at = 0

  /** What was written, to be sent one after the other; nothing may be written afterwards. */
  parts(): readonly Uint8Array[] {
    this.#end()
    return this.#parts
  }

  /** A piece of JSON. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#part.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  value(value: unknown): this {
    return this.raw(utf8(JSON.stringify(value)))
  }

  /** The inside of a string: UTF-8 from `start` up to `end`, escaped. */
  text(bytes: Uint8Array, start: number, end: number): this {
    this.#reserve((end - start) * MAX_ESCAPED_BYTES)
    const part = this.#part
    let at = this.#at
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number
      const escape = ESCAPES[byte]
      if (escape === undefined) part[at++] = byte
      else {
        part.set(escape, at)
        at += escape.length
      }
    }
    this.#at = at
    return this
  }

  /** Sixteen hex digits. */
  hex64(high: number, low: number): this {
    this.#reserve(16)
    this.#hex32(high)
    this.#hex32(low)
    return this
  }

  /** An unsigned 64-bit integer in decimal. */
  decimal64(high: number, low: number): this {
    // A double says how many billions to within one; what is left fits 32 bits, so those are enough to find it.
    let billions = Math.floor((high * WORD + low) / BILLION)
    let rest = (low - Math.imul(billions >>> 0, BILLION)) >>> 0
    if (rest >= WORD - BILLION) {
      billions--
      rest = (rest + BILLION) >>> 0
    } else if (rest >= BILLION) {
      billions++
      rest -= BILLION
    }
    const top = Math.floor(billions / BILLION)
    this.#reserve(MAX_DECIMAL_BYTES)
    if (top > 0) this.#digits(top)
    if (billions > 0) this.#digitGroup(billions - top * BILLION, top > 0)
    return this.#digitGroup(rest, billions > 0)
  }

  /** A whole number from 0 up to 2^64, as exactly as a double says it. */
  integer(value: number): this {
    if (value >= BILLION) return this.decimal64(Math.floor(value / WORD), value % WORD)
    this.#reserve(MAX_DECIMAL_BYTES)
    return this.#digitGroup(value, false)
  }

  /** Less than a billion: nine digits where others stand before it. */
  #digitGroup(value: number, isFilled: boolean): this {
    if (!isFilled) return this.#digits(value)
    const thousands = (value / 1000) | 0
    const millions = (thousands / 1000) | 0
    this.#threeDigits(millions)
    this.#threeDigits(thousands - millions * 1000)
    this.#threeDigits(value - thousands * 1000)
    return this
  }

  #threeDigits(value: number): void {
    const [part, at] = [this.#part, this.#at]
    part[at] = DIGITS_OF_THOUSAND[value * 3] as number
    part[at + 1] = DIGITS_OF_THOUSAND[value * 3 + 1] as number
    part[at + 2] = DIGITS_OF_THOUSAND[value * 3 + 2] as number
    this.#at = at + 3
  }

  #digits(value: number): this {
    let length = 1
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) length++
    const [part, from] = [this.#part, this.#at]
    let rest = value
    for (let at = from + length - 1; at >= from; at--) {
      const tenth = (rest / 10) | 0
      part[at] = ZERO + rest - tenth * 10
      rest = tenth
    }
    this.#at = from + length
    return this
  }

  #hex32(word: number): void {
    const part = this.#part
    let at = this.#at
    for (let shift = 24; shift >= 0; shift -= 8) {
      const two = HEX[(word >>> shift) & 0xff] as number
      part[at++] = two >>> 8
      part[at++] = two & 0xff
    }
    this.#at = at
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#part.length) return
    this.#end()
    this.#part = new Uint8Array(Math.max(bytes, PART_BYTES))
    this.#at = 0
  }

  #end(): void {
    if (this.#at > 0) this.#parts.push(this.#part.subarray(0, this.#at))
  }
}
