/**
 * JSON text -> values, with limits before memory is spent, and without losing digits of 64-bit integers that
 * came as numbers.
 */
import { MAX_JSON_DEPTH, MAX_JSON_OBJECTS, MAX_OTLP_BYTES } from './limits.ts'
import { OtlpError, tooLarge } from './otlp-error.ts'

/** Counts brackets outside strings; says nothing about the rest of the syntax. */
export function assertJsonShape(text: string): void {
  if (text.length > MAX_OTLP_BYTES) throw tooLarge('characters in a document', MAX_OTLP_BYTES)
  let depth = 0
  let objects = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) at = endOfString(text, at)
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      if (++depth > MAX_JSON_DEPTH) throw new OtlpError('OTLP_TOO_DEEP', `JSON nests deeper than ${MAX_JSON_DEPTH}`)
      if (++objects > MAX_JSON_OBJECTS) throw tooLarge('objects and arrays in a document', MAX_JSON_OBJECTS)
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** Index of the closing quote of the string that opens at `at`, or the end of the text. */
function endOfString(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && text.charCodeAt(end) !== QUOTE) end += text.charCodeAt(end) === BACKSLASH ? 2 : 1
  return end
}

/** Like JSON.parse, but an integer that a double cannot hold comes as the string of its digits. */
export function parseExactJson(text: string): unknown {
  try {
    // A reviver makes parsing several times slower, and few senders write large integers as numbers.
    return LARGE_INTEGER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch (err) {
    // Not the cause: V8's message quotes the text.
    if (err instanceof SyntaxError) throw new OtlpError('OTLP_JSON', 'not a JSON document')
    throw err
  }
}

/** A number of 16 digits or more where a value may stand. Also matches inside strings, which only costs time. */
const LARGE_INTEGER = /[:[,]\s*-?\d{16}/

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && /^-?\d+$/.test(source) ? source : value
}
