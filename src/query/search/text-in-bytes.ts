/**
 * Texts compared where they lie, in UTF-8. ASCII, which is most of it, is never made a string; whatever else gives the
 * same answers as the string functions named at each.
 */
import { utf8 } from '../../base/bytes.ts'
import { MAX_WORD_CHARS, wordsOf } from '../../wire/index/token.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** By byte: in lower case, for ASCII. */
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte))
/** By byte: 1 for letters, digits and `_` of ASCII. */
const IS_WORD = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x80 && /\w/.test(String.fromCharCode(byte)) ? 1 : 0,
)

export function equalsAt(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start !== wanted.length) return false
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false
  return true
}

/** A part of a text, looked for in any case of letters. */
export interface PartNeedle {
  /** In lower case. */
  readonly text: string
  readonly bytes: Uint8Array
  readonly isAscii: boolean
}

export function partNeedle(text: string): PartNeedle {
  const bytes = utf8(text)
  return { text, bytes, isAscii: bytes.every((byte) => byte < 0x80) }
}

/** `text.toLowerCase().includes(part)` */
export function hasPart(bytes: Uint8Array, start: number, end: number, part: PartNeedle): boolean {
  if (!isAsciiText(bytes, start, end)) return textAt(bytes, start, end).toLowerCase().includes(part.text)
  if (!part.isAscii) return false
  const { bytes: wanted } = part
  const last = end - wanted.length
  for (let at = start; at <= last; at++) if (startsAt(bytes, at, wanted)) return true
  return false
}

/** Words behind each other, as `wordsOf` cuts them. */
export interface PhraseNeedle {
  readonly words: readonly string[]
  readonly bytes: readonly Uint8Array[]
  readonly isAscii: boolean
}

export function phraseNeedle(words: readonly string[]): PhraseNeedle {
  const bytes = words.map(utf8)
  return { words, bytes, isAscii: bytes.every((word) => word.every((byte) => byte < 0x80)) }
}

/** Whether `wordsOf(text)` holds these words behind each other. */
export function hasPhrase(bytes: Uint8Array, start: number, end: number, phrase: PhraseNeedle): boolean {
  if (!isAsciiText(bytes, start, end)) return hasWords(wordsOf(textAt(bytes, start, end)), phrase.words)
  if (!phrase.isAscii) return false
  for (let at = nextWord(bytes, start, end); at < end; at = nextWord(bytes, wordEnd(bytes, at, end), end)) {
    if (isPhraseAt(bytes, at, end, phrase.bytes)) return true
  }
  return false
}

function isPhraseAt(bytes: Uint8Array, start: number, end: number, words: readonly Uint8Array[]): boolean {
  let at = start
  for (const word of words) {
    if (at >= end) return false
    const stop = wordEnd(bytes, at, end)
    if (Math.min(stop - at, MAX_WORD_CHARS) !== word.length || !startsAt(bytes, at, word)) return false
    at = nextWord(bytes, stop, end)
  }
  return true
}

function hasWords(words: readonly string[], wanted: readonly string[]): boolean {
  return words.some((_, at) => wanted.every((word, i) => words[at + i] === word))
}

function nextWord(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && IS_WORD[bytes[at] as number] === 0) at++
  return at
}

function wordEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && IS_WORD[bytes[at] as number] === 1) at++
  return at
}

/** In any case of letters; `wanted` is in lower case. */
function startsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (LOWER[bytes[at + i] as number] !== wanted[i]) return false
  return true
}

function isAsciiText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) >= 0x80) return false
  return true
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end))
}
