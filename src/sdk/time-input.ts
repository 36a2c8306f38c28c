/** OpenTelemetry's ways to say a time, as nanoseconds since the Unix epoch. */
import type { TimeInput } from '@opentelemetry/api'

const NANOS_PER_MS = 1_000_000n
const NANOS_PER_S = 1_000_000_000n
/** A smaller number is a reading of `performance.now()`, a larger one a time since 1970: three years of running, or 1973. */
const MAX_PERFORMANCE_NOW_MS = 1e11

/** The last whole millisecond that was asked for, and its nanoseconds: most records of a burst have it. */
let lastMs = 0
let lastNanos = 0n

/** Splits before multiplying: a whole epoch time in nanoseconds does not fit a number. */
export function msToNanos(ms: number): bigint {
  const whole = Math.floor(ms)
  if (whole !== lastMs) {
    lastNanos = BigInt(whole) * NANOS_PER_MS
    lastMs = whole
  }
  return lastNanos + BigInt(Math.round((ms - whole) * 1e6))
}

/** @returns `undefined` for what is no time: NaN, negative, or something else altogether. */
export function timeToNanos(time: TimeInput): bigint | undefined {
  if (Array.isArray(time)) {
    const [seconds, nanos] = time
    return isCount(seconds) && isCount(nanos) ? BigInt(seconds) * NANOS_PER_S + BigInt(nanos) : undefined
  }
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0) return undefined
  const isReading = !(time instanceof Date) && ms < MAX_PERFORMANCE_NOW_MS
  return msToNanos(isReading ? performance.timeOrigin + ms : ms)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
