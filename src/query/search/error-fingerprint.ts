/**
 * What makes two errors the same one: their type, what they say without the parts that differ each time, and the
 * innermost places they came from. Line numbers and folders are no part of it, for they change with every release and
 * device. Time is linear in the text, whatever it holds: it comes from outside.
 */
import type { ErrorFacts } from './error-facts.ts'
import { ownText } from './own-text.ts'

/** Places of a stack that count. */
const FRAMES = 3
/** Longest place kept, and longest line that is looked at. */
const MAX_FRAME_CHARS = 160
const MAX_LINE_CHARS = 1024

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
/** Eight hex digits or more, one of them a digit; or what begins with 0x. */
const HEX = /\b(?:0x[0-9a-f]+|(?=[a-f]*\d)[0-9a-f]{8,})\b/gi
const NUMBER = /\d+(?:\.\d+)*/g
const SPACES = /\s+/g
const PYTHON = 'Traceback (most recent call last)'
const PYTHON_LINE = /^File "([^"]+)", line \d+(?:, in (.+))?$/
/** Of what may be a path with a line number behind it. */
const WORD = /[^\s()"']+/g
const LINE_NUMBER = /:\d+/g

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

/** `order 8f14e45f not found after 31 ms` -> `order <hex> not found after <n> ms` */
export function generalMessage(message: string): string {
  return message.replace(UUID, '<uuid>').replace(HEX, '<hex>').replace(NUMBER, '<n>').replace(SPACES, ' ').trim()
}

/** The innermost places of a stack in JavaScript, Java, C# or Python, the innermost first; none for any other text. */
export function topFrames(stack: string): readonly string[] {
  const places = stack.split('\n').flatMap((line) => placeOf(line.slice(0, MAX_LINE_CHARS).trim()))
  const innermost = stack.includes(PYTHON) ? places.slice(-FRAMES).toReversed() : places.slice(0, FRAMES)
  return innermost.map((place) => ownText(generalPlace(place), MAX_FRAME_CHARS))
}

function placeOf(line: string): readonly string[] {
  if (line.startsWith('at ')) return [line.slice(3).trim()]
  const [, file, name] = PYTHON_LINE.exec(line) ?? []
  if (file === undefined) return []
  return [name === undefined ? file : `${name} (${file})`]
}

function generalPlace(place: string): string {
  return place.replace(WORD, withoutFolders).replace(LINE_NUMBER, '')
}

function withoutFolders(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1)
}
