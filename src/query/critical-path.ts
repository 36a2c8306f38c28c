/**
 * The critical path: the spans, and the parts of them, that the trace's end had to wait for (docs/spec/query.md QU28, QU29).
 * Walked back from the end of the root: the child that finished last, then the one that had finished last when that one
 * began, and so on, each in the same way. What a span waited for alongside is not on it, nor what nobody waited for.
 */
import type { Steps } from '../base/steps.ts'
import type { PlacedSpans } from './place-spans.ts'
import { sortByNumbers } from './sort-words.ts'
import { NO_PARENT } from './find-parents.ts'
import { SPANS_PER_STEP } from './span-table.ts'
import type { SpanTree } from './span-tree.ts'

/** By number of a span. */
export interface CriticalPath {
  readonly isCritical: Uint8Array
  /** Its own part of the path, in nanoseconds: while it was at work and no child that it waited for was. */
  readonly nanos: Float64Array
}

/**
 * One pass over the spans by their ends, the latest first: when a span's turn comes, its parent's has been, and so has that
 * of every sibling that finished later, so that it is known how far back the parent's part of the path reaches.
 */
export function* criticalPath(tree: SpanTree, placed: PlacedSpans): Steps<CriticalPath> {
  const { rows, parent } = tree
  const within = yield* clipToParents(tree, placed)
  const latestFirst = yield* sortByNumbers(rows, within.end.map((end) => -end)) // prettier-ignore
  const isCritical = new Uint8Array(rows.length)
  const nanos = new Float64Array(rows.length)
  /** By span: from its start up to here nothing is decided yet. */
  const openUntil = new Float64Array(rows.length)
  let rootsOpenUntil = Infinity
  for (const [i, span] of latestFirst.entries()) {
    if (i % SPANS_PER_STEP === 0) yield
    const [start, end] = [within.start[span] as number, within.end[span] as number]
    const above = parent[span] as number
    if (above >= 0 && isCritical[above] === 0) continue
    if (!(end > start) || end > (above < 0 ? rootsOpenUntil : (openUntil[above] as number))) continue
    if (above < 0) rootsOpenUntil = start
    else {
      nanos[above] = (nanos[above] as number) + (openUntil[above] as number) - end
      openUntil[above] = start
    }
    isCritical[span] = 1
    openUntil[span] = end
  }
  yield
  for (const span of rows) {
    if (isCritical[span] === 1)
      nanos[span] = (nanos[span] as number) + (openUntil[span] as number) - (within.start[span] as number)
  }
  return { isCritical, nanos }
}

/** Each span's time within its parent's, and so on up; empty for what has no time, or is under a root that the walk does not begin at. */
function* clipToParents(
  { rows, parent }: SpanTree,
  { start, end, isTimed }: PlacedSpans,
): Steps<Pick<PlacedSpans, 'start' | 'end'>> {
  const within = { start: new Float64Array(rows.length), end: new Float64Array(rows.length) }
  const hasRoot = rows.some((span) => parent[span] === NO_PARENT && isTimed[span] === 1)
  for (const [row, span] of rows.entries()) {
    if (row % SPANS_PER_STEP === 0) yield
    const above = parent[span] as number
    const isOut = isTimed[span] === 0 || (above < 0 && hasRoot && above !== NO_PARENT)
    if (isOut) continue
    within.start[span] =
      above < 0 ? (start[span] as number) : Math.max(start[span] as number, within.start[above] as number)
    within.end[span] = above < 0 ? (end[span] as number) : Math.min(end[span] as number, within.end[above] as number)
  }
  return within
}
