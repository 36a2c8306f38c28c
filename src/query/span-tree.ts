/**
 * The tree of one trace's spans, in drawing order (docs/spec/query.md QU5-QU7).
 *
 * Works for whatever parents say: orphans and one span of every circle become roots, nothing is lost or drawn twice.
 * Linear and without recursion, so neither depth nor width costs more than its spans.
 */
import type { Steps } from '../base/steps.ts'
import type { SpanId } from '../model/ids.ts'
import { spanIdOf, SPANS_PER_STEP } from './span-table.ts'
import type { CollectedSpans } from './collect-spans.ts'
import { findParents, MISSING_PARENT } from './find-parents.ts'
import { indices, sortByWords } from './sort-words.ts'

/** Spans are numbered as in {@link CollectedSpans}. */
export interface SpanTree {
  /** Spans depth first; siblings and roots by number, orphans of one missing parent side by side. */
  readonly rows: Uint32Array
  /** By span: its parent; below zero for roots. */
  readonly parent: Int32Array
  readonly depth: Uint32Array
  /** By span: its ancestors form a circle, cut at this span. */
  readonly isLoop: Uint8Array
  /** Parents that spans name and nobody has, in order of appearance. */
  readonly missingParents: readonly SpanId[]
}

export function* buildSpanTree(spans: CollectedSpans): Steps<SpanTree> {
  const parent = yield* findParents(spans)
  yield
  const isLoop = cutCircles(parent)
  yield
  const roots = yield* groupRoots(spans, parent)
  const { rows, depth } = yield* walk(roots, parent)
  yield
  return { rows, parent, depth, isLoop, missingParents: missingParents(roots, parent, spans) }
}

/** Was a link of a circle, removed. */
const CUT = -3

/** Removes one link of every circle in `parent`: that of its first span. Marks the spans cut loose. */
function cutCircles(parent: Int32Array): Uint8Array {
  const isCut = new Uint8Array(parent.length)
  /** By span: the walk that came by, each being named by the span it began at. */
  const walkOf = new Int32Array(parent.length).fill(-1)
  for (let start = 0; start < parent.length; start++) {
    let span = start
    while (span >= 0 && walkOf[span] === -1) {
      walkOf[span] = start
      span = parent[span] as number
    }
    if (span < 0 || walkOf[span] !== start) continue
    const first = firstOfCircle(span, parent)
    parent[first] = CUT
    isCut[first] = 1
  }
  return isCut
}

function firstOfCircle(entry: number, parent: Int32Array): number {
  let first = entry
  for (let span = parent[entry] as number; span !== entry; span = parent[span] as number) first = Math.min(first, span)
  return first
}

/** Roots by number, but orphans of one missing parent side by side, at the place of the first. */
function* groupRoots({ columns, count }: CollectedSpans, parent: Int32Array): Steps<Uint32Array> {
  const roots = indices(count).filter((span) => (parent[span] as number) < 0)
  const orphans = roots.filter((span) => parent[span] === MISSING_PARENT)
  const { parentHigh, parentLow } = columns
  const place = indices(count)
  let first = -1
  for (const span of yield* sortByWords(orphans, parentHigh, parentLow)) {
    if (first < 0 || parentHigh[span] !== parentHigh[first] || parentLow[span] !== parentLow[first]) first = span
    place[span] = first
  }
  return yield* sortByWords(roots, place)
}

function* walk(roots: Uint32Array, parent: Int32Array): Steps<Pick<SpanTree, 'rows' | 'depth'>> {
  const { firstChild, nextSibling } = linkSiblings(parent)
  const [rows, depth] = [new Uint32Array(parent.length), new Uint32Array(parent.length)]
  let count = 0
  for (const root of roots) {
    for (let [span, level] = [root, 0]; span >= 0;) {
      if (count % SPANS_PER_STEP === 0) yield
      rows[count++] = span
      depth[span] = level
      let next = firstChild[span] as number
      if (next >= 0) level++
      // A leaf: up to the next ancestor that has a sibling.
      for (; next < 0 && level > 0; level--) {
        next = nextSibling[span] as number
        if (next >= 0) break
        span = parent[span] as number
      }
      span = next
    }
  }
  return { rows, depth }
}

function linkSiblings(parent: Int32Array): { readonly firstChild: Int32Array; readonly nextSibling: Int32Array } {
  const firstChild = new Int32Array(parent.length).fill(-1)
  const nextSibling = new Int32Array(parent.length).fill(-1)
  for (let span = parent.length - 1; span >= 0; span--) {
    const above = parent[span] as number
    if (above < 0) continue
    nextSibling[span] = firstChild[above] as number
    firstChild[above] = span
  }
  return { firstChild, nextSibling }
}

/** @param roots orphans of one parent side by side */
function missingParents(roots: Uint32Array, parent: Int32Array, { columns }: CollectedSpans): readonly SpanId[] {
  const { parentHigh, parentLow } = columns
  const ids: SpanId[] = []
  let last = -1
  for (const span of roots) {
    if (parent[span] !== MISSING_PARENT) continue
    const isSame = last >= 0 && parentHigh[span] === parentHigh[last] && parentLow[span] === parentLow[last]
    if (!isSame) ids.push(spanIdOf(parentHigh[span] as number, parentLow[span] as number))
    last = span
  }
  return ids
}
