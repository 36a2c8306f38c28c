/** What an answer was not made of, in plain words, and how to get the rest. */
import type { Looked } from '../../agent/http-types/traces.ts'
import { plural } from './plural.ts'
import { wrapText } from './wrap-text.ts'

const WHY = {
  time: 'its time was over',
  bytes: 'there was too much to open',
  memory: 'there was too much to keep',
} as const
const NANOS_PER_MS = 1_000_000n

/** Lines for under an answer; none where it is whole. */
export function lookedWords(looked: Looked, width: number): readonly string[] {
  const { cut, records, chunks, ofChunks, unreadable, backToUnixNano } = looked
  const back = backToUnixNano === null ? '' : `, back to ${timeWords(backToUnixNano)}`
  const sentences = [
    ...(cut === null
      ? []
      : [
          `Not all was looked at: ${WHY[cut]} after ${plural(records, 'record')}${back} (${chunks} of ${plural(ofChunks, 'chunk')}).`,
          'Ask for less with --since or a filter, or give it longer with --timeout.',
        ]),
    ...(unreadable > 0 ? [`${plural(unreadable, 'stored chunk')} could not be read.`] : []),
  ]
  return sentences.flatMap((sentence) => wrapText(sentence, { width }))
}

/** For the end of a list that has another page. */
export function moreWords(cursor: string | null): readonly string[] {
  return cursor === null ? [] : [`More: the same with --cursor ${cursor}`]
}

/** UTC to the second; a time no calendar holds as its number. */
export function timeWords(unixNano: string): string {
  const date = new Date(Number(BigInt(unixNano) / NANOS_PER_MS))
  return Number.isNaN(date.getTime()) ? unixNano : date.toISOString().slice(0, 19).replace('T', ' ')
}
