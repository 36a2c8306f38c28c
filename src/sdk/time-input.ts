/** OpenTelemetry's ways to say a time, as nanoseconds since the Unix epoch. */
import type { TimeInput } from '@opentelemetry/api'

const NANOS_PER_MS = 1_000_000n
const NANOS_PER_S = 1_000_000_000n

/** Splits before multiplying: a whole epoch time in nanoseconds does not fit a number. */
export function msToNanos(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * NANOS_PER_MS + BigInt(Math.round((ms - whole) * 1e6))
}

/** @returns `undefined` for what is no time: NaN, negative, or something else altogether. */
export function timeToNanos(time: TimeInput): bigint | undefined {
  if (Array.isArray(time)) {
    const [seconds, nanos] = time
    return isCount(seconds) && isCount(nanos) ? BigInt(seconds) * NANOS_PER_S + BigInt(nanos) : undefined
  }
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms !== 'number' || !Number.isFinite(ms) || ms < 0) return undefined
  // As in OpenTelemetry's SDK: a number before this process began is a reading of performance.now().
  return msToNanos(ms < performance.timeOrigin && !(time instanceof Date) ? performance.timeOrigin + ms : ms)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
