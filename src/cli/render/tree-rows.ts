/**
 * Rows of a drawn trace: spans in the order they come, with a ghost row above orphans whose parent is not here, and
 * the guides that join each row to its parent. Linear in the number of rows, whatever the depth.
 */
import type { TraceSpan } from '../../agent/http-types/traces.ts'

export interface SpanRow {
  readonly kind: 'span'
  readonly depth: number
  readonly span: TraceSpan
  readonly parent: TraceSpan | undefined
}
export interface MissingParentRow {
  readonly kind: 'missing-parent'
  readonly depth: 0
  readonly parentSpanId: string
}
export type TreeRow = SpanRow | MissingParentRow

/** For each level from 1 to the row's depth: whether the line goes on below this row. */
export interface Guides {
  readonly depth: number
  /** Levels `from`..`depth`, the last being the row's own fork. */
  readonly goesOn: readonly boolean[]
}

export function treeRows(spans: readonly TraceSpan[]): readonly TreeRow[] {
  const rows: TreeRow[] = []
  const ancestors: TraceSpan[] = []
  let shift = 0
  let ghostOf: string | undefined
  for (const span of spans) {
    if (span.depth === 0) {
      const missing = span.loop ? undefined : (span.parentSpanId ?? undefined)
      if (missing !== undefined && missing !== ghostOf) {
        rows.push({ kind: 'missing-parent', depth: 0, parentSpanId: missing })
      }
      ghostOf = missing
      shift = missing === undefined ? 0 : 1
    }
    ancestors[span.depth] = span
    rows.push({ kind: 'span', depth: span.depth + shift, span, parent: ancestors[span.depth - 1] })
  }
  return rows
}

/** Guides of every row, at most the `maxLevels` deepest of each. */
export function treeGuides(depths: readonly number[], maxLevels: number): readonly Guides[] {
  const hasNextSibling = nextSiblings(depths)
  const open: boolean[] = []
  return depths.map((depth, row) => {
    open[depth] = hasNextSibling[row] ?? false
    return { depth, goesOn: open.slice(Math.max(1, depth - maxLevels + 1), depth + 1) }
  })
}

/** Read from the end: a row has a next sibling if its depth was seen since a shallower row. */
function nextSiblings(depths: readonly number[]): readonly boolean[] {
  const seen: boolean[] = []
  const result: boolean[] = Array.from(depths, () => false)
  for (let row = depths.length - 1; row >= 0; row--) {
    const depth = depths[row] as number
    result[row] = seen[depth] ?? false
    seen.length = depth + 1
    seen[depth] = true
  }
  return result
}
