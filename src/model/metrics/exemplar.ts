/** Recorded examples that lead from a metric to a trace. A bounded number of them is kept, fewer the older they are. */
import type { SpanId, TraceId } from '../ids.ts'

export interface Exemplar {
  readonly timeMs: number
  readonly value: number
  readonly traceId: TraceId
  readonly spanId: SpanId | undefined
}

/**
 * Of each stretch of `stretchMs` at most `most`, those of the largest values: what is slow is what one looks for. Each
 * once, by time; the same ones in any order, some of them again, leave the same.
 */
export function thinExemplars(exemplars: readonly Exemplar[], stretchMs: number, most: number): readonly Exemplar[] {
  if (exemplars.length === 0) return exemplars
  const kept = new Map<number, Map<string, Exemplar>>()
  for (const exemplar of exemplars.toSorted(compareValue)) {
    const stretch = Math.floor(exemplar.timeMs / stretchMs)
    const within = kept.get(stretch) ?? new Map<string, Exemplar>()
    if (within.size < most) within.set(keyOf(exemplar), exemplar)
    kept.set(stretch, within)
  }
  return [...kept.values()]
    .flatMap((within) => [...within.values()])
    .sort((a, b) => a.timeMs - b.timeMs || compareValue(a, b))
}

function compareValue(a: Exemplar, b: Exemplar): number {
  return b.value - a.value || a.timeMs - b.timeMs || (keyOf(a) < keyOf(b) ? -1 : 1)
}

function keyOf({ timeMs, value, traceId, spanId }: Exemplar): string {
  return `${timeMs} ${value} ${traceId} ${spanId ?? ''}`
}
