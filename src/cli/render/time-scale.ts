/** The time line of a drawn trace: from its first start to its last end, on the clocks chosen. */
import type { TraceSpan } from '../../agent/http-types/traces.ts'

export type Times = 'corrected' | 'raw'

export interface TimeScale {
  /** Whole length; 0 for a trace without duration. */
  readonly totalNanos: number
  /** Start and end as fractions of the line; undefined for a span that has no start time. */
  place(span: TraceSpan): { readonly start: number; readonly end: number } | undefined
}

export function timeScale(spans: readonly TraceSpan[], times: Times): TimeScale {
  let first: bigint | undefined
  let last = 0n
  for (const span of spans.filter(hasTime)) {
    const start = startOf(span, times)
    const end = start + BigInt(span.durationNano)
    if (first === undefined || start < first) first = start
    if (end > last) last = end
  }
  const origin = first ?? 0n
  const totalNanos = Math.max(0, Number(last - origin))
  return {
    totalNanos,
    place(span) {
      if (!hasTime(span)) return undefined
      const start = Number(startOf(span, times) - origin)
      const fraction = (nanos: number): number => (totalNanos === 0 ? 0 : nanos / totalNanos)
      return { start: fraction(start), end: fraction(start + Number(span.durationNano)) }
    },
  }
}

/** A start of 0 is a field its program never set; drawn to scale, it would squeeze the rest into one cell. */
function hasTime(span: TraceSpan): boolean {
  return span.startUnixNano !== '0'
}

function startOf(span: TraceSpan, times: Times): bigint {
  return BigInt(times === 'raw' ? span.startUnixNano : span.correctedStartUnixNano)
}
