/**
 * A QR code in a terminal, two modules to a cell with half blocks, and text placed beside or below it.
 * Drawn dark on light whatever the theme is when colours are on; cameras want that and the quiet zone of 4 modules.
 */
import { encode } from 'uqr'
import { displayWidth } from './display-width.ts'

export interface QrOptions {
  /** Cells the terminal has. */
  readonly width: number
  readonly color: boolean
}

/** Quiet zone around the code, in modules (ISO/IEC 18004). */
const QUIET_MODULES = 4
const GAP = '  '

/** Lines of equal width, or undefined if the code is wider than the terminal: a wrapped code cannot be read. */
export function qrLines(text: string, { width, color }: QrOptions): readonly string[] | undefined {
  const { data, size } = encode(text, { ecc: 'L', border: QUIET_MODULES })
  if (size > width) return undefined
  const isLight = (x: number, y: number): boolean => !(data[y]?.[x] ?? false)
  const lines: string[] = []
  for (let y = 0; y < size; y += 2) {
    const cells = Array.from({ length: size }, (_, x) => halfBlock(isLight(x, y), isLight(x, y + 1)))
    lines.push(color ? `\u001B[97;40m${cells.join('')}\u001B[0m` : cells.join(''))
  }
  return lines
}

/** `text` to the right of `left` where both fit, else below it. `leftWidth` is the width of each line of `left`. */
export function placeBeside(
  left: readonly string[],
  leftWidth: number,
  text: readonly string[],
  width: number,
): readonly string[] {
  const textWidth = Math.max(0, ...text.map(displayWidth))
  if (leftWidth + GAP.length + textWidth > width) return [...left, '', ...text]
  const top = Math.max(0, Math.floor((left.length - text.length) / 2))
  const height = Math.max(left.length, top + text.length)
  return Array.from({ length: height }, (_, i) => {
    const beside = text[i - top]
    const line = left[i] ?? ' '.repeat(leftWidth)
    return beside ? line + GAP + beside : line
  })
}

/** Light modules are drawn: terminals are dark more often than light. */
function halfBlock(top: boolean, bottom: boolean): string {
  if (top) return bottom ? '█' : '▀'
  return bottom ? '▄' : ' '
}
