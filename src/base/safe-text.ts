/**
 * Makes text from outside safe to show on one line: on a terminal, on a desktop, in another program's list.
 *
 * Span names, module names and log bodies are hostile: they may carry escape sequences, line breaks, direction
 * overrides, invisible characters or towers of combining marks. What is left has a width that terminals agree on.
 */
import { isUnseen } from './unseen.ts'

/** Longest text looked at, in UTF-16 units: far more than any column shows. */
export const MAX_TEXT_LENGTH = 4096
/** Combining marks kept on one character: enough for every living script. */
const MAX_MARKS = 3

const [ESC, BEL, ST] = ['\u001B', '\u0007', '\u009C']
// ECMA-48 sequences whole, so that their parameters do not stay behind as litter: CSI; OSC, DCS, SOS, PM and APC with
// their text; every other escape. Each alternative reads on without going back, so time is linear.
const CSI = `(?:${ESC}\\[|\u009B)[0-?]*[ -/]*[@-~]`
const STRING = `(?:${ESC}[\\]PX^_]|[\u0090\u0098\u009D-\u009F])[^${BEL}${ESC}${ST}]*(?:${BEL}|${ESC}\\\\|${ST})?`
const OTHER = `${ESC}[ -/]*[0-~]?`
const ESCAPES = new RegExp(`${CSI}|${STRING}|${OTHER}`, 'g')
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
const SPACES = /\p{Zs}/gu
const LONE_SURROGATES = /\p{Cs}/gu
// Beside what shows nothing: what no font draws, and skin tones, which terminals draw in any width.
const DOUBTFUL = /[\p{Cn}\p{Emoji_Modifier}]/u
const MARK_TOWERS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu')

export function safeText(text: string): string {
  return text
    .slice(0, MAX_TEXT_LENGTH)
    .replace(ESCAPES, '')
    .replace(BREAKS, ' ')
    .replace(SPACES, ' ')
    .replace(LONE_SURROGATES, '\uFFFD')
    .replace(/./gu, (character) => (isDrawn(character) ? character : ''))
    .replace(MARK_TOWERS, '$1')
    .trim()
}

function isDrawn(character: string): boolean {
  return !isUnseen(character.codePointAt(0) as number) && !DOUBTFUL.test(character)
}
