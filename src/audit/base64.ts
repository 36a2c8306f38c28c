/** Standard base64 with padding (RFC 4648, section 4), as the leaf format writes bytes. One text for one byte string. */

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}

/** @returns the bytes, or `undefined` if `text` is not the one way to write `length` bytes. */
export function fromBase64(text: string, length: number): Uint8Array | undefined {
  if (text.length !== Math.ceil(length / 3) * 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes.length === length && toBase64(bytes) === text ? bytes : undefined
}
