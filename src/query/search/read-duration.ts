/** Durations and times as they are typed in a filter. */

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
}
const DURATION = /^(\d{1,9})(?:\.(\d{1,9}))?(ns|us|µs|ms|s|m|h)$/
const AGO = /^(\d{1,6})(s|m|h|d)$/
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/
const NANOS_PER_MS = 1_000_000n

export const DURATION_WORDS = 'a number with its unit: 250us, 200ms, 1.5s, 2m or 1h'
export const TIME_WORDS = '2h, 30m or 3d (ago), now, 2026-11-22 or 2026-11-22T18:00:00Z'

/** Whole nanoseconds of `1.5s`; undefined for what is no duration. */
export function readDuration(text: string): bigint | undefined {
  const [, whole, fraction = '', unit] = DURATION.exec(text.replace('μ', 'µ')) ?? []
  if (whole === undefined || unit === undefined) return undefined
  const scale = 10n ** BigInt(fraction.length)
  return (BigInt(whole + fraction) * (NANOS[unit] as bigint)) / scale
}

/** Nanoseconds since 1970 of a time in ISO 8601 (UTC unless it says otherwise), or so long ago; else undefined. */
export function readTime(text: string, nowUnixMs: number): bigint | undefined {
  const now = BigInt(Math.floor(nowUnixMs)) * NANOS_PER_MS
  if (text === 'now') return now
  const [, count, unit] = AGO.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return atLeast1970(now - BigInt(count) * (NANOS[unit] as bigint))
  const unixMs = readIso(text)
  return Number.isNaN(unixMs) || unixMs < 0 ? undefined : BigInt(unixMs) * NANOS_PER_MS
}

function atLeast1970(nano: bigint): bigint {
  return nano > 0n ? nano : 0n
}

function readIso(text: string): number {
  if (!ISO.test(text)) return Number.NaN
  const date = text.slice(0, 10)
  const midnight = Date.parse(date)
  // Date.parse takes the 30th of February for the 2nd of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return Number.NaN
  const isLocal = text.includes('T') && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  return Date.parse(isLocal ? `${text}Z` : text)
}
