/** Groups of errors for somebody who is to meet no technical word: who had a problem, how often, and when last (CL24). */
import type { ErrorGroup, ErrorList } from '../../agent/http-types/search.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { serviceLabel } from './service-label.ts'
import { wrapText } from './wrap-text.ts'

const NANOS_PER_MS = 1_000_000n

export interface PlainErrorsOptions {
  readonly width: number
  readonly nowUnixMs: number
}

export function renderPlainErrors(
  { errors, others }: Pick<ErrorList, 'errors' | 'others'>,
  { width, nowUnixMs }: PlainErrorsOptions,
): string {
  if (errors.length === 0) return 'No problems.'
  const sentences = errors.map((group) => sentenceOf(group, nowUnixMs))
  const more = others === 0 ? [] : [`Beside these: ${plural(others, 'problem')}.`]
  return [...sentences, ...more].flatMap((sentence) => wrapText(sentence, { width })).join('\n')
}

function sentenceOf(group: ErrorGroup, nowUnixMs: number): string {
  const often = group.count === 1 ? 'a problem' : plural(group.count, 'problem')
  const last = relativeTime(Number(BigInt(group.lastUnixNano) / NANOS_PER_MS), nowUnixMs)
  return `${serviceLabel(group)} had ${often}, ${group.count === 1 ? '' : 'the last '}${last}.`
}
