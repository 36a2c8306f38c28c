/**
 * The tree of one trace's spans, in drawing order (docs/spec/query.md QU5-QU7).
 *
 * Works for whatever parents say: orphans and one span of every circle become roots, nothing is lost or drawn twice.
 * No recursion, so depth costs no stack.
 */
import type { SpanId } from '../model/ids.ts'
import { compareSpans, type CollectedSpan } from './collect-spans.ts'
import { compareEvidence } from './compare-copies.ts'

export interface TreeRow {
  readonly node: CollectedSpan
  readonly parent: CollectedSpan | undefined
  readonly depth: number
  /** Its ancestors form a circle, cut at this span. */
  readonly loop: boolean
}

export interface SpanTree {
  /** Depth first; siblings and roots by {@link compareSpans}, orphans of one missing parent side by side. */
  readonly rows: readonly TreeRow[]
  /** Parents that spans name and nobody has, in order of appearance. */
  readonly missingParents: readonly SpanId[]
}

/** `spans` in the order of {@link compareSpans}. */
export function buildSpanTree(spans: readonly CollectedSpan[]): SpanTree {
  const parents = findParents(spans)
  const loops = cutCircles(spans, parents)
  const children = new Map<CollectedSpan, CollectedSpan[]>()
  const roots: CollectedSpan[] = []
  for (const node of spans) {
    const parent = parents.get(node)
    const siblings = parent === undefined ? roots : (children.get(parent) ?? [])
    siblings.push(node)
    if (parent !== undefined) children.set(parent, siblings)
  }
  const isOrphan = (node: CollectedSpan): boolean => node.span.parentSpanId !== undefined && !loops.has(node)
  const orphans = roots.filter(isOrphan)
  return {
    rows: walk(groupRoots(roots, isOrphan), children, parents, loops),
    missingParents: [...new Set(orphans.map((node) => node.span.parentSpanId as SpanId))],
  }
}

type Parents = Map<CollectedSpan, CollectedSpan>

/** Among several spans with the parent's id, the one of the child's own device is meant, else the best proven. */
function findParents(spans: readonly CollectedSpan[]): Parents {
  const best = new Map<string, CollectedSpan>()
  const ranked = [...spans].sort((a, b) => compareEvidence(a.evidence, b.evidence) || compareSpans(a, b))
  for (const node of ranked) {
    for (const key of [node.span.spanId, `${node.span.spanId} ${node.deviceId}`]) {
      if (!best.has(key)) best.set(key, node)
    }
  }
  const parents: Parents = new Map()
  for (const node of spans) {
    const id = node.span.parentSpanId
    const parent = id === undefined ? undefined : (best.get(`${id} ${node.deviceId}`) ?? best.get(id))
    if (parent !== undefined) parents.set(node, parent)
  }
  return parents
}

/** Removes one link of every circle in `parents`: that of its first span. Returns the spans cut loose. */
function cutCircles(spans: readonly CollectedSpan[], parents: Parents): ReadonlySet<CollectedSpan> {
  const cut = new Set<CollectedSpan>()
  const walkOf = new Map<CollectedSpan, CollectedSpan>()
  for (const start of spans) {
    let node: CollectedSpan | undefined = start
    while (node !== undefined && !walkOf.has(node)) {
      walkOf.set(node, start)
      node = parents.get(node)
    }
    if (node === undefined || walkOf.get(node) !== start) continue
    const first = firstOfCircle(node, parents)
    parents.delete(first)
    cut.add(first)
  }
  return cut
}

function firstOfCircle(entry: CollectedSpan, parents: Parents): CollectedSpan {
  let first = entry
  for (let node = parents.get(entry); node !== undefined && node !== entry; node = parents.get(node)) {
    if (compareSpans(node, first) < 0) first = node
  }
  return first
}

/** Puts orphans of one missing parent side by side, at the place of the first. */
function groupRoots(
  roots: readonly CollectedSpan[],
  isOrphan: (node: CollectedSpan) => boolean,
): readonly CollectedSpan[] {
  const groups = new Map<CollectedSpan | SpanId, CollectedSpan[]>()
  for (const root of roots) {
    const key = isOrphan(root) ? (root.span.parentSpanId as SpanId) : root
    const group = groups.get(key)
    if (group) group.push(root)
    else groups.set(key, [root])
  }
  return [...groups.values()].flat()
}

function walk(
  roots: readonly CollectedSpan[],
  children: ReadonlyMap<CollectedSpan, readonly CollectedSpan[]>,
  parents: Parents,
  loops: ReadonlySet<CollectedSpan>,
): readonly TreeRow[] {
  const rows: TreeRow[] = []
  const pending = roots.toReversed().map((node) => ({ node, depth: 0 }))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, depth } = next
    rows.push({ node, parent: parents.get(node), depth, loop: loops.has(node) })
    for (const child of (children.get(node) ?? []).toReversed()) pending.push({ node: child, depth: depth + 1 })
  }
  return rows
}
