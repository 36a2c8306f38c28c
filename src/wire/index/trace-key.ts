/**
 * Trace ids as the index knows them: their first 3 bytes, by which people name them, and their last 3. Two ids may share a key;
 * whoever opens the segment sees it. docs/spec/index.md, IX10.
 *
 * Why the last: they are the random ones, by W3C Trace Context (level 2, random trace id flag) and of systems whose ids are 64
 * bits, with zeros before them, or begin with a time.
 */
import type { TraceId } from '../../model/ids.ts'

export type TraceKey = number

const ID_DIGITS = 32
const DIGITS = 6
const LAST_KEYS = 16 ** DIGITS

export function traceKey(id: TraceId): TraceKey {
  return Number.parseInt(id.slice(0, DIGITS), 16) * LAST_KEYS + Number.parseInt(id.slice(-DIGITS), 16)
}

/** Sorted, each once. */
export function traceKeys(ids: Iterable<TraceId>): Float64Array {
  const keys = Float64Array.from(ids, traceKey).sort()
  return keys.filter((key, i) => i === 0 || key !== keys[i - 1])
}

/** Between these lie the keys of all ids that begin with these hex digits, and perhaps of others. */
export function traceKeyRange(prefix: string): { readonly from: TraceKey; readonly to: TraceKey } {
  const part = (from: number, digit: string): number =>
    Number.parseInt(prefix.slice(from, from + DIGITS).padEnd(DIGITS, digit), 16)
  const key = (digit: string): TraceKey => part(0, digit) * LAST_KEYS + part(ID_DIGITS - DIGITS, digit)
  return { from: key('0'), to: key('f') }
}
