/** Times of records to the nanosecond, and OpenTelemetry's ways to say one. */
import type { TimeInput } from '@opentelemetry/api'
import type { NanoTime } from '../wire/otlp/encode.ts'
import { safely } from './safely.ts'

const MS_PER_S = 1e3
const NANOS_PER_MS = 1e6
/** A smaller number is a reading of `performance.now()`, a larger one a time since 1970: three years of running, or 1973. */
const MAX_PERFORMANCE_NOW_MS = 1e11
/** The last whole millisecond that OTLP can say as a signed number of nanoseconds: in 2262. */
const MAX_MS = 2 ** 63 / NANOS_PER_MS - 1

/** Two numbers: a whole epoch time in nanoseconds does not fit one. */
export function toNanoTime(ms: number): NanoTime {
  const whole = Math.floor(ms)
  return { ms: whole, nanos: Math.round((ms - whole) * NANOS_PER_MS) }
}

/** The time that is so much later, to the nanosecond. */
export function laterBy(time: NanoTime, ms: number): NanoTime {
  const nanos = time.nanos + Math.round(ms * NANOS_PER_MS)
  const whole = Math.floor(nanos / NANOS_PER_MS)
  return { ms: time.ms + whole, nanos: nanos - whole * NANOS_PER_MS }
}

export function isBefore(a: NanoTime, b: NanoTime): boolean {
  return a.ms === b.ms ? a.nanos < b.nanos : a.ms < b.ms
}

export function msToNanos(time: number): bigint {
  const { ms, nanos } = toNanoTime(time)
  return BigInt(ms) * BigInt(NANOS_PER_MS) + BigInt(nanos)
}

/** @returns `undefined` for what is no time: NaN, negative, past what OTLP can say, or something else altogether. */
export function readTime(time: TimeInput): NanoTime | undefined {
  return safely(() => readKnownTime(time), undefined)
}

function readKnownTime(time: TimeInput): NanoTime | undefined {
  if (Array.isArray(time)) {
    const [seconds, nanos] = time
    if (!isCount(seconds) || !isCount(nanos)) return undefined
    return withinOtlp(laterBy({ ms: seconds * MS_PER_S, nanos }, 0))
  }
  const ms = time instanceof Date ? time.getTime() : time
  if (typeof ms !== 'number' || !(ms >= 0)) return undefined
  const isReading = !(time instanceof Date) && ms < MAX_PERFORMANCE_NOW_MS
  return withinOtlp(toNanoTime(isReading ? performance.timeOrigin + ms : ms))
}

function withinOtlp(time: NanoTime): NanoTime | undefined {
  return time.ms < MAX_MS ? time : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
