/** JSON that a terminal can be shown: the same document, with what steers a terminal or cannot be seen written as escapes. */

/** JSON itself escapes only the controls below U+0020. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(STEERING, escapes)
}

/** Of a character beyond the first plane two: JSON counts UTF-16 units. */
function escapes(char: string): string {
  return Array.from({ length: char.length }, (_, i) => {
    return `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`
  }).join('')
}
