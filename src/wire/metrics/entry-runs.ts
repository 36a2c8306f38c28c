/** Entries of a block in runs: equally many numbers, spans of the same scales, each span wide enough for all of its run. */
import { MAX_SPAN_BUCKETS, type Span } from '../../model/metrics/distribution.ts'

export interface ScaledSpan extends Span {
  readonly scale: number
}
export interface Entry {
  readonly timeMs: number
  /** From 0, as far as the meaning of the block says. */
  readonly startMs: number
  /** From 0. */
  readonly flags: number
  readonly numbers: readonly number[]
  readonly spans: readonly ScaledSpan[]
}

/** Which buckets the columns of a span are. */
export interface SpanHead {
  readonly scale: number
  readonly offset: number
  readonly length: number
}
export interface Run {
  /** At least one. */
  readonly entries: readonly Entry[]
  readonly heads: readonly SpanHead[]
}

export function runsOf(entries: readonly Entry[]): readonly Run[] {
  const runs: { entries: Entry[]; heads: readonly SpanHead[] }[] = []
  for (const entry of entries) {
    const heads = entry.spans.map(({ scale, offset, counts }) => ({ scale, offset, length: counts.length }))
    const run = runs.at(-1)
    const joined = run && run.entries[0]?.numbers.length === entry.numbers.length ? join(run.heads, heads) : undefined
    if (run === undefined || joined === undefined) {
      runs.push({ entries: [entry], heads })
      continue
    }
    run.entries.push(entry)
    run.heads = joined
  }
  return runs
}

/** Undefined if they differ, or one would get longer than a span may be. */
function join(heads: readonly SpanHead[], others: readonly SpanHead[]): readonly SpanHead[] | undefined {
  if (heads.length !== others.length) return undefined
  const joined: SpanHead[] = []
  for (const [i, head] of heads.entries()) {
    const both = union(head, others[i] as SpanHead)
    if (head.scale !== others[i]?.scale || both.length > MAX_SPAN_BUCKETS) return undefined
    joined.push(both)
  }
  return joined
}

function union(a: SpanHead, b: SpanHead): SpanHead {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a
  const offset = Math.min(a.offset, b.offset)
  return { scale: a.scale, offset, length: Math.max(a.offset + a.length, b.offset + b.length) - offset }
}
