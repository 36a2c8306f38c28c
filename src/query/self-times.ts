/** How long each span was at work itself: its duration without the time that children of it took (docs/spec/query.md QU27). */
import type { Steps } from '../base/steps.ts'
import type { PlacedSpans } from './place-spans.ts'
import { sortByNumbers } from './sort-words.ts'
import { SPANS_PER_STEP } from './span-table.ts'
import type { SpanTree } from './span-tree.ts'

/** @returns by number of a span, in nanoseconds. One pass over the spans by start: what a child covers twice counts once. */
export function* selfTimes({ rows, parent }: SpanTree, { start, end, isTimed }: PlacedSpans): Steps<Float64Array> {
  const self = end.map((until, span) => until - (start[span] as number))
  const coveredUntil = start.slice()
  yield
  const byStart = yield* sortByNumbers(rows, start)
  for (const [i, span] of byStart.entries()) {
    if (i % SPANS_PER_STEP === 0) yield
    const above = parent[span] as number
    if (above < 0 || isTimed[span] === 0 || isTimed[above] === 0) continue
    const from = Math.max(start[span] as number, coveredUntil[above] as number)
    const to = Math.min(end[span] as number, end[above] as number)
    if (to <= from) continue
    self[above] = Math.max(0, (self[above] as number) - (to - from))
    coveredUntil[above] = to
  }
  return self
}
