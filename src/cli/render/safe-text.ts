/**
 * Makes text from outside safe to print on one line of a terminal.
 *
 * Span names, module names and log bodies are hostile: they may carry escape sequences, line breaks, direction
 * overrides, invisible characters or towers of combining marks. What is left has a width that terminals agree on.
 */

/** Longest text looked at, in UTF-16 units: far more than any column shows. */
export const MAX_TEXT_LENGTH = 4096
/** Combining marks kept on one character: enough for every living script. */
const MAX_MARKS = 3

// CSI and OSC/DCS/APC/PM/SOS sequences whole, so that their parameters do not stay behind as litter (ECMA-48).
// oxlint-disable-next-line no-control-regex
const ESCAPES =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C]*(?:\u0007|\u001B\\|\u009C)?|\u001B[ -/]*[0-~]?/g
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
// Controls, formats (direction overrides, zero-width, tags), variation selectors, skin tones: invisible or of doubtful width.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cn}\uFE00-\uFE0F\u{E0100}-\u{E01EF}\u{1F3FB}-\u{1F3FF}\u115F\u1160\u3164\uFFA0]/gu
const LONE_SURROGATES = /\p{Cs}/gu
const MARK_TOWERS = new RegExp(`(\\p{M}{${MAX_MARKS}})\\p{M}+`, 'gu')

export function safeText(text: string): string {
  return text
    .slice(0, MAX_TEXT_LENGTH)
    .replace(ESCAPES, '')
    .replace(BREAKS, ' ')
    .replace(INVISIBLE, '')
    .replace(LONE_SURROGATES, '\uFFFD')
    .replace(MARK_TOWERS, '$1')
    .trim()
}

/** As {@link safeText}, for terminals and fonts that know ASCII only: everything else becomes a question mark. */
export function asciiText(text: string): string {
  return safeText(text).replace(/[^ -~]/gu, '?')
}
