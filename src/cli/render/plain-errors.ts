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
  const byWho = Map.groupBy(errors, serviceLabel)
  const sentences = [...byWho].map(([who, groups]) => sentenceOf(who, groups, nowUnixMs))
  const more = others === 0 ? [] : [`Beside these: ${plural(others, 'problem')}.`]
  return [...sentences, ...more].flatMap((sentence) => wrapText(sentence, { width })).join('\n')
}

/** One sentence for all of one: which error is which would take a technical word. */
function sentenceOf(who: string, groups: readonly ErrorGroup[], nowUnixMs: number): string {
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  const lastUnixMs = Math.max(...groups.map(({ lastUnixNano }) => Number(BigInt(lastUnixNano) / NANOS_PER_MS)))
  const last = relativeTime(lastUnixMs, nowUnixMs)
  return count === 1 ? `${who} had a problem, ${last}.` : `${who} had ${plural(count, 'problem')}, the last ${last}.`
}
