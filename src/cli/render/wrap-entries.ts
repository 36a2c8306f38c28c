/** A list of short texts on as few lines as fit, never broken inside one. */
import type { Paint, Style } from './colour.ts'
import { displayWidth } from './display-width.ts'

export interface StyledText {
  readonly text: string
  readonly styles: readonly Style[]
}

export interface WrapOptions {
  readonly separator: string
  readonly width: number
  readonly paint: Paint
}

export function wrapEntries(entries: readonly StyledText[], options: WrapOptions): readonly string[] {
  const { separator, width, paint } = options
  const lines: { readonly text: string; readonly used: number }[] = []
  for (const entry of entries) {
    const cells = displayWidth(entry.text)
    const painted = paint(entry.text, ...entry.styles)
    const last = lines.at(-1)
    const used = (last?.used ?? 0) + displayWidth(separator) + cells
    if (last === undefined || used > width) lines.push({ text: painted, used: cells })
    else lines[lines.length - 1] = { text: last.text + paint(separator, 'dim') + painted, used }
  }
  return lines.map((line) => line.text)
}
