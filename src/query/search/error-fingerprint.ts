/**
 * What makes two errors the same one: their type, what they say without the parts that differ each time, and the
 * innermost places they came from. Line numbers, folders and the runtime's own places are no part of it, for they change with
 * every release, device and runtime. Time is linear in the text, whatever it holds: it comes from outside.
 */
import type { ErrorFacts } from './error-facts.ts'
import { ownText } from './own-text.ts'
import { stackPlaces } from './stack-places.ts'

/** Places of a stack that count. */
const FRAMES = 3
/** Longest place kept. */
const MAX_FRAME_CHARS = 160

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
/** Eight hex digits or more, one of them a digit; or what begins with 0x. */
const HEX = /\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{8,})\b/gi
const NUMBER = /\d+(?:\.\d+)*/g
const SPACES = /\s+/g
/** V8 puts some of the text that it was given into its words. */
const PARSED = /Unexpected token .+ is not valid JSON/
/** Of what may be a path; one with spaces in it stands in brackets, in quotes, or behind `in` (C#). */
const WORD = /[^\s()"'`]+/g
const BRACKETS = /\(([^()]+)\)/g
const QUOTES = /(['"])([^'"]+)\1/g
const C_SHARP = /\) in (.+)$/
const LINE_NUMBER = /:(?:line )?\d+/g
/** `/home/ann/x`, `C:\\x\\y`, `file:///x/y`; no address of the web, and no word like `and/or`. */
const PATH = /^(?:file:\/\/|[a-z]:)?[\\/][^\\/]*[\\/]/i
/** What bundlers and development servers put into the names of files: `index-BvX9_3ka.js`, `read.ts?t=17`. */
const BUNDLE_HASH = /([-.])(?=[A-Za-z_]*\d)\w{8,}(?=\.[cm]?js\b)/g
const QUERY = /\?[^:)\s]*/g
/** Numbers that a compiler or a runtime gives: `Lambda$14`. */
const GENERATED = /(?<=\$)\d+/g
/** What V8 calls the owner of a function that it has no name for; which of them, it says differently in each version. */
const NO_OWNER = /^(?:async )?(?:(?:Object|Function|Module|exports)\.)?/
const ALIAS = / \[as [^\]]*\]/

export interface ErrorKey {
  /** The same for the same error, within its module. */
  readonly key: string
  /** The innermost places, the innermost first. */
  readonly frames: readonly string[]
}

export function errorKey({ type, message, stack }: ErrorFacts): ErrorKey {
  const frames = topFrames(stack)
  return { key: JSON.stringify([type, generalMessage(message), frames]), frames }
}

/** `order 8f14e45f not found in /home/ann/shop.db` -> `order <hex> not found in shop.db` */
export function generalMessage(message: string): string {
  return message
    .replace(PARSED, 'Unexpected token <text> is not valid JSON')
    .replace(QUOTES, (_, quote: string, text: string) => `${quote}${ofPath(text)}${quote}`)
    .replace(WORD, ofPath)
    .replace(UUID, '<uuid>')
    .replace(HEX, '<hex>')
    .replace(NUMBER, '<n>')
    .replace(SPACES, ' ')
    .trim()
}

/** The innermost places of a stack in JavaScript, Java, C# or Python, the innermost first; none for any other text. */
export function topFrames(stack: string): readonly string[] {
  return stackPlaces(stack)
    .slice(0, FRAMES)
    .map((place) => ownText(generalPlace(place), MAX_FRAME_CHARS))
}

function generalPlace(place: string): string {
  const named = place.includes('(') ? place : withoutFolders(place.replace(NO_OWNER, ''))
  return named
    .replace(NO_OWNER, '')
    .replace(ALIAS, '')
    .replace(QUERY, '')
    .replace(BRACKETS, (_, file: string) => `(${withoutFolders(file)})`)
    .replace(C_SHARP, (_, file: string) => `) in ${withoutFolders(file)}`)
    .replace(WORD, withoutFolders)
    .replace(LINE_NUMBER, '')
    .replace(BUNDLE_HASH, '$1<hash>')
    .replace(HEX, '<hex>')
    .replace(GENERATED, '<n>')
}

function ofPath(text: string): string {
  return PATH.test(text) ? withoutFolders(text) : text
}

function withoutFolders(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1)
}
