/** What the values of options may be, checked before a command runs; each answers what is taken if a value is not. */
import { nearest } from './nearest.ts'

type Refuse = (text: string) => string | undefined

/** Largest number any command counts with: six digits, as the agent reads them. */
const MAX_COUNT = 999_999

export function oneOf(words: readonly string[]): Refuse {
  return (text) => {
    if (words.includes(text)) return undefined
    return `${listWords(words)}${suggestion(nearest(text, words))}`
  }
}

/** Words with commas between them, at least one. */
export function someOf(words: readonly string[]): Refuse {
  return (text) => {
    const unknown = splitList(text).find((word) => !words.includes(word))
    if (splitList(text).length > 0 && unknown === undefined) return undefined
    return `some of ${listWords(words)}${suggestion(nearest(unknown ?? '', words))}`
  }
}

export function wholeNumber(least: number, most = MAX_COUNT): Refuse {
  return (text) => {
    const isWithin = /^[0-9]{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most
    return isWithin ? undefined : `a whole number from ${least} to ${most}`
  }
}

export function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

/** ` (did you mean X?)`, or nothing. */
function suggestion(word: string | undefined): string {
  return word === undefined ? '' : ` (did you mean ${word}?)`
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}
