/** A search as a person types it, and the numbers of the records that it has to find: no more, and no fewer. */
import type { RecordSet } from './record-set.ts'
import type { Scalar } from './source-record.ts'

export interface Question {
  readonly filter: string
  readonly sinceUnixMs?: number
  readonly untilUnixMs?: number
  readonly wanted: RecordSet
}

/** Longest value a search takes, in UTF-8 bytes (docs/spec/search.md SQ5); of longer ones a part is looked for. */
const MAX_VALUE_BYTES = 1_024
const PART_CHARS = 100

export function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, String.raw`\$&`)}"`
}

export function has(key: string): string {
  return `${quoted(key)}=*`
}

export function equals(key: string, value: Scalar): string {
  if (typeof value !== 'string') return `${quoted(key)}=${String(value)}`
  return isLong(value) ? `${quoted(key)}~${quoted(partOf(value))}` : `${quoted(key)}=${quoted(value)}`
}

/** Whether a search for `asked` finds `value`: what is typed as a number or a boolean also finds the text that reads so. */
export function isFoundBy(asked: Scalar, value: Scalar): boolean {
  if (typeof asked === 'string' && isLong(asked)) return includes(value, partOf(asked))
  return value === asked || (typeof asked !== 'string' && value === String(asked))
}

export function isLong(text: string): boolean {
  return Buffer.byteLength(text) > MAX_VALUE_BYTES
}

function partOf(text: string): string {
  return text.slice(0, PART_CHARS)
}

function includes(value: Scalar, part: string): boolean {
  return typeof value === 'string' && value.toLowerCase().includes(part.toLowerCase())
}
