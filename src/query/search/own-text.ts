/**
 * Texts of bounded length that keep nothing else in memory: a slice of a string keeps all of it, and what is kept of a
 * record must not weigh what the record weighs.
 */
import { utf8 } from '../../base/bytes.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Of UTF-8 for one UTF-16 unit. */
const MAX_UNIT_BYTES = 3

/** The first characters of a text. */
export function ownText(text: string, maxChars: number): string {
  return decoder.decode(utf8(text.slice(0, maxChars)))
}

/** The first characters of UTF-8; what follows is never decoded. */
export function textBetween(bytes: Uint8Array, start: number, end: number, maxChars: number): string {
  const last = Math.min(end, start + maxChars * MAX_UNIT_BYTES)
  const text = decoder.decode(bytes.subarray(start, last))
  return text.length <= maxChars ? text : ownText(text, maxChars)
}
