/**
 * Sorts indices by unsigned words: linear in their number whatever the words are, so no input makes it slow, and without a
 * comparison or an object for each, but of a few. Stable: what compares equal stays as it was. In steps, one for each pass.
 */
import type { Steps } from '../base/steps.ts'

const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS
/** Where the digits of a word begin, the least significant first. */
const DIGIT_SHIFTS = [0, DIGIT_BITS, 2 * DIGIT_BITS] as const

/** Of so many, a pass takes longer than to compare them. */
const FEW = 64

/** @param words by index, the most significant first. @returns the items in a new array */
export function* sortByWords(items: Uint32Array, ...words: readonly Uint32Array[]): Steps<Uint32Array> {
  if (items.length <= FEW) return sortFew(items, words)
  let from = items.slice()
  let to = new Uint32Array(items.length)
  for (const word of words.toReversed()) {
    for (const shift of DIGIT_SHIFTS) {
      if (pass(from, to, word, shift)) [from, to] = [to, from]
      yield
    }
  }
  return from
}

function sortFew(items: Uint32Array, words: readonly Uint32Array[]): Uint32Array {
  return items.toSorted((a, b) => {
    const word = words.find((each) => each[a] !== each[b])
    return word === undefined ? 0 : (word[a] as number) - (word[b] as number)
  })
}

/** By numbers that are not NaN, ascending. */
export function* sortByNumbers(items: Uint32Array, numbers: Float64Array): Steps<Uint32Array> {
  const bits = new Uint32Array(numbers.slice().buffer)
  const [high, low] = [new Uint32Array(numbers.length), new Uint32Array(numbers.length)]
  for (let i = 0; i < numbers.length; i++) {
    const [l, h] = [bits[2 * i] as number, bits[2 * i + 1] as number]
    // IEEE 754: bits grow with the number; below zero the other way round, and sorted first.
    const isNegative = h >>> 31 === 1
    high[i] = isNegative ? ~h : h ^ 0x8000_0000
    low[i] = isNegative ? ~l : l
  }
  return yield* sortByWords(items, high, low)
}

/** 0 up to `count`. */
export function indices(count: number): Uint32Array {
  const items = new Uint32Array(count)
  for (let i = 0; i < count; i++) items[i] = i
  return items
}

/** @returns whether there was anything to do: no when all have the same digit */
function pass(from: Uint32Array, to: Uint32Array, word: Uint32Array, shift: number): boolean {
  const places = new Uint32Array(DIGITS)
  for (let i = 0; i < from.length; i++) take(places, digit(word, from[i] as number, shift))
  if (places.includes(from.length)) return false
  let next = 0
  for (let i = 0; i < DIGITS; i++) {
    const count = places[i] as number
    places[i] = next
    next += count
  }
  for (let i = 0; i < from.length; i++) {
    const item = from[i] as number
    to[take(places, digit(word, item, shift))] = item
  }
  return true
}

function digit(word: Uint32Array, item: number, shift: number): number {
  return ((word[item] as number) >>> shift) & (DIGITS - 1)
}

/** Counts one up. @returns the number before */
function take(counts: Uint32Array, at: number): number {
  const count = counts[at] as number
  counts[at] = count + 1
  return count
}
