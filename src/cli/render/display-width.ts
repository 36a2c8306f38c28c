/**
 * How many terminal cells text takes, for text that went through `safeText` (no controls, no joiners).
 * Wide and Fullwidth of Unicode's East Asian Width (UAX #11) and emoji take two cells, combining marks none.
 */

/** Ranges of wide characters, ascending, both ends included. Rare scripts are joined into their blocks. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
]
const MARK = /^\p{M}$/u
const EMOJI = /^\p{Emoji_Presentation}$/u
const REGIONAL_INDICATOR = /^[\u{1F1E6}-\u{1F1FF}]$/u
const PRINTABLE_ASCII = /^[ -~]*$/

export function displayWidth(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** The start of `text` that fits `width` cells, ending in `ellipsis` if something was cut. */
export function truncate(text: string, width: number, ellipsis = '…'): string {
  if (displayWidth(text) <= width) return text
  const room = width - displayWidth(ellipsis)
  if (room < 0) return ''
  let kept = ''
  let used = 0
  for (const character of text) {
    used += characterWidth(character)
    if (used > room) break
    kept += character
  }
  return kept.trimEnd() + ellipsis
}

/** `text` cut or filled with spaces to exactly `width` cells. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left', ellipsis = '…'): string {
  const cut = truncate(text, width, ellipsis)
  const spaces = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'left' ? cut + spaces : spaces + cut
}

function characterWidth(character: string): 0 | 1 | 2 {
  const point = character.codePointAt(0) as number
  if (point < 0x300) return 1
  if (MARK.test(character)) return 0
  // Two regional indicators make one flag of two cells, so each counts one.
  if (REGIONAL_INDICATOR.test(character)) return 1
  return WIDE.some(([from, to]) => point >= from && point <= to) || EMOJI.test(character) ? 2 : 1
}
