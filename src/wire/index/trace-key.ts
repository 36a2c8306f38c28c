/** Trace ids as the index knows them: their first 6 bytes as a number. Two ids may share one; whoever opens the segment sees it. */
import type { TraceId } from '../../model/ids.ts'

export type TraceKey = number

const DIGITS = 12

export function traceKey(id: TraceId): TraceKey {
  return Number.parseInt(id.slice(0, DIGITS), 16)
}

/** Sorted, each once. */
export function traceKeys(ids: Iterable<TraceId>): Float64Array {
  const keys = Float64Array.from(ids, traceKey).sort()
  return keys.filter((key, i) => i === 0 || key !== keys[i - 1])
}

/** First and last key of the ids that begin with these hex digits. */
export function traceKeyRange(prefix: string): { readonly from: TraceKey; readonly to: TraceKey } {
  const key = (digit: string): TraceKey => Number.parseInt(prefix.slice(0, DIGITS).padEnd(DIGITS, digit), 16)
  return { from: key('0'), to: key('f') }
}
