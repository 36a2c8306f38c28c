/** Z85 (ZeroMQ RFC 32), encoding only: ZAP hands over raw keys, and records keep text. */
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'

/** @param bytes a multiple of four long; a rest of fewer than four bytes is left out. */
export function toZ85(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const word = view.getUint32(at)
    for (let power = 85 ** 4; power >= 1; power /= 85) text += DIGITS[Math.floor(word / power) % 85]
  }
  return text
}
