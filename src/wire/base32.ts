/** Base32 of RFC 4648, 6: lowercase, without padding. One text per byte string: unused bits are zero. */
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const BITS = 5

export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = (pending << 8) | byte
    for (bits += 8; bits >= BITS; bits -= BITS) text += ALPHABET[(pending >>> (bits - BITS)) & 31]
    pending &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + ALPHABET[(pending << (BITS - bits)) & 31]
}

/** @returns the bytes, or `undefined` if `text` is not the lowercase base32 of any. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * BITS) / 8))
  let pending = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) return undefined
    pending = (pending << BITS) | value
    bits += BITS
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = pending >>> bits
    pending &= (1 << bits) - 1
  }
  // A whole letter too many, or a bit that belongs to no byte: another text says the same bytes.
  return bits >= BITS || pending !== 0 ? undefined : bytes
}
