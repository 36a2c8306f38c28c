/**
 * Which traces a ratio keeps: OpenTelemetry's consistent probability sampling. The last 56 bits of a trace id, which W3C's
 * random flag says are random, are compared with a rejection threshold: whoever decides by the same ratio keeps the same
 * traces, and by a higher one those too.
 */

const RANDOM_DIGITS = 14
const RANDOM_VALUES = 1n << 56n
/** Behind every hex digit: no trace is kept. */
const NEVER = 'g'

/** (1 - ratio) * 2^56 in 14 hex digits. A product with a power of two is exact, whatever the ratio. */
export function rejectionThreshold(ratio: number): string {
  const kept = BigInt(Math.round(ratio * Number(RANDOM_VALUES)))
  return kept === 0n ? NEVER : (RANDOM_VALUES - kept).toString(16).padStart(RANDOM_DIGITS, '0')
}

/** @param traceId in lower-case hex */
export function isKept(traceId: string, threshold: string): boolean {
  return traceId.slice(-RANDOM_DIGITS) >= threshold
}
