/** Sentences on lines of a width, broken between words. */
import { displayWidth } from './display-width.ts'

export interface WrapTextOptions {
  readonly width: number
  /** Before the first line. */
  readonly lead?: string
  /** Before every other line. Default: as many spaces as `lead` is wide. */
  readonly indent?: string
}

/** A word wider than the line stands alone on one. No line ends in spaces. */
export function wrapText(text: string, options: WrapTextOptions): readonly string[] {
  return wrapWords(text.split(' '), options)
}

/** As {@link wrapText}, for words that may hold spaces. */
export function wrapWords(words: readonly string[], { width, lead = '', indent }: WrapTextOptions): readonly string[] {
  const hang = indent ?? ' '.repeat(displayWidth(lead))
  const lines: string[] = []
  let line = lead
  let isEmpty = true
  for (const word of words) {
    const longer = isEmpty ? line + word : `${line} ${word}`
    if (isEmpty || displayWidth(longer) <= width) line = longer
    else {
      lines.push(line)
      line = hang + word
    }
    isEmpty = false
  }
  return [...lines, line].map((each) => each.trimEnd())
}
