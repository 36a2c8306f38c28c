/** Byte strings: the few operations every layer needs, without Node's Buffer. */

const encoder = new TextEncoder()
const HEX = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** Value of a hex digit by its character code; -1 for every other character. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
)

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** @returns the bytes, or `undefined` if `text` is not an even number of hex digits (either case). */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    const [high, low] = [digitAt(text, i * 2), digitAt(text, i * 2 + 1)]
    if (high < 0 || low < 0) return undefined
    bytes[i] = (high << 4) | low
  }
  return bytes
}

/** Value of the hex digit at a place, of either case; -1 for every other character. */
export function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code < DIGITS.length ? (DIGITS[code] as number) : -1
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Larger than any pool that views of several owners share. */
const LEAST_FREED_BYTES = 1 << 16

/**
 * Gives the memory of bytes that have their buffer to themselves back at once; nobody may read them afterwards. Left to the
 * garbage collector, buffers that a query goes through make it walk all that lives, again and again. Small ones are left.
 */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= LEAST_FREED_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0)
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/** Lexicographic order of bytes; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
