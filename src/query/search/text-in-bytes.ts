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
  return end - start === wanted.length && beginsAt(bytes, start, end, wanted)
}

export function beginsAt(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  if (end - start < wanted.length) return false
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
  return part.isAscii && hasAscii(bytes, start, end, part.bytes)
}

/** Words behind each other, as `wordsOf` cuts them. */
export interface PhraseNeedle {
  readonly words: readonly string[]
  readonly bytes: readonly Uint8Array[]
  /** Part of them that every text with them has as it is, but for the case of letters. */
  readonly part: Uint8Array
}

/** Not `i` and `k`: those are also what İ and the Kelvin sign are in lower case. */
const AS_IT_IS = /[a-hjl-z0-9_]+/g

export function phraseNeedle(words: readonly string[]): PhraseNeedle {
  const bytes = words.map(utf8)
  const parts = words.flatMap((word) => word.match(AS_IT_IS) ?? [])
  const part = utf8(parts.reduce((longest, each) => (each.length > longest.length ? each : longest), ''))
  return { words, bytes, part }
}

/** Whether `wordsOf(text)` holds these words behind each other. */
export function hasPhrase(bytes: Uint8Array, start: number, end: number, phrase: PhraseNeedle): boolean {
  const first = phrase.bytes[0]?.[0]
  let isInWord = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte >= 0x80) return hasPhraseInUnicode(bytes, start, end, phrase)
    if (LOWER[byte] === first && isInWord === 0 && isPhraseAt(bytes, at, end, phrase.bytes)) {
      return isAsciiText(bytes, at, end) || hasPhraseInUnicode(bytes, start, end, phrase)
    }
    isInWord = IS_WORD[byte] as number
  }
  return false
}

/** To cut a text into words costs ten times as much as to look through its bytes. */
function hasPhraseInUnicode(bytes: Uint8Array, start: number, end: number, { words, part }: PhraseNeedle): boolean {
  return hasAscii(bytes, start, end, part) && hasWords(wordsOf(textAt(bytes, start, end)), words)
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

function hasAscii(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  const last = end - wanted.length
  const first = wanted[0]
  for (let at = start; at <= last; at++) {
    if (LOWER[bytes[at] as number] === first && startsAt(bytes, at, wanted)) return true
  }
  return wanted.length === 0
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
