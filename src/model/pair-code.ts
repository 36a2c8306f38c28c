/**
 * The code that two pairing devices show and a person compares: seven pictures, and the same bits as three numbers.
 *
 *   pictures  the first 42 bits, six at a time          numbers  the first 39 bits, thirteen at a time, plus 1000
 *
 * Both ways are those of the Matrix specification. Rules: docs/spec/pairing.md.
 */
import { PAIR_EMOJI, type PairEmoji } from './pair-emoji.ts'

export interface PairCode {
  readonly emoji: readonly PairEmoji[]
  /** Each of four digits. */
  readonly numbers: readonly number[]
}

/** Bytes that a code is made of; of the last one two bits count. */
export const PAIR_CODE_BYTES = 6
/** Longest text that is read as a code, in characters: seven of the longest names and what may stand between them. */
export const MAX_PAIR_CODE_CHARS = 256
const EMOJI_COUNT = 7
const EMOJI_BITS = 6
const NUMBER_COUNT = 3
const NUMBER_BITS = 13
/** So that every number has four digits. */
const LEAST_NUMBER = 1000

/** @param bytes {@link PAIR_CODE_BYTES} of them */
export function pairCodeOf(bytes: Uint8Array): PairCode {
  return {
    emoji: groupsOf(bytes, EMOJI_BITS, EMOJI_COUNT).map((number) => PAIR_EMOJI[number] as PairEmoji),
    numbers: groupsOf(bytes, NUMBER_BITS, NUMBER_COUNT).map((number) => number + LEAST_NUMBER),
  }
}

/**
 * Whether a text that a person typed or pasted is this code: the numbers, or the pictures by name or symbol, with anything
 * usual between them and in any case.
 * @returns undefined for a text that is no code at all
 */
export function isPairCode(text: string, code: PairCode): boolean | undefined {
  if (text.length > MAX_PAIR_CODE_CHARS) return undefined
  const digits = text.replace(/[\s,.;-]/g, '')
  if (/^[0-9]+$/.test(digits)) {
    return digits.length === NUMBER_COUNT * 4 ? digits === code.numbers.join('') : undefined
  }
  const named = withoutEchoes(readEmoji(text) ?? [])
  return named.length === EMOJI_COUNT ? named.every((each, at) => each === code.emoji[at]) : undefined
}

/** Pasted as it is shown, every picture comes twice: its symbol, then its name. */
function withoutEchoes(read: readonly PairEmoji[]): readonly PairEmoji[] {
  const once = read.filter((_, at) => at % 2 === 0)
  const isShown = read.length === 2 * EMOJI_COUNT && read.every((each, at) => each === once[at >> 1])
  return isShown ? once : read
}

const SEPARATORS = /[\s,.;:|-]+/
const VARIATION = /\uFE0F/g
const BY_NAME = new Map(PAIR_EMOJI.map((each) => [plain(each.name), each]))
const BY_SYMBOL = new Map(PAIR_EMOJI.map((each) => [each.symbol.replace(VARIATION, ''), each]))

/** Every word is a name, half of a name of two words, or symbols. No name of one word begins one of two. */
function readEmoji(text: string): readonly PairEmoji[] | undefined {
  const words = text.replace(VARIATION, '').split(SEPARATORS).filter(Boolean)
  const read: PairEmoji[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string
    const two = BY_NAME.get(plain(word + (words[at + 1] ?? '')))
    const one = BY_NAME.get(plain(word))
    if (one !== undefined) read.push(one)
    else if (two !== undefined) {
      read.push(two)
      at++
    } else {
      const symbols = Array.from(word, (symbol) => BY_SYMBOL.get(symbol))
      if (symbols.includes(undefined)) return undefined
      read.push(...(symbols as PairEmoji[]))
    }
  }
  return read
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\s/g, '')
}

/** The first bits, some at a time, the most significant first. Over bytes, not over one number: 48 bits are too many for shifts. */
function groupsOf(bytes: Uint8Array, bits: number, count: number): readonly number[] {
  const all = Array.from(bytes.subarray(0, PAIR_CODE_BYTES), (byte) => byte.toString(2).padStart(8, '0')).join('')
  return Array.from({ length: count }, (_, at) => Number.parseInt(all.slice(at * bits, (at + 1) * bits), 2))
}
