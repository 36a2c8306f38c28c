/**
 * How long metrics are kept in each tier (docs/spec/metrics.md ME33). Age counts from when an hour's points last changed
 * here, never from the times they claim: a clock that is wrong neither loses what it recorded nor keeps it for ever.
 */
const DAY_MS = 86_400_000

export interface MetricAging {
  readonly rawMs: number
  readonly minuteMs: number
  readonly hourMs: number
}

/** As they came for two days, by minute for a month, by hour for a year. */
export const DEFAULT_METRIC_AGING: MetricAging = { rawMs: 2 * DAY_MS, minuteMs: 30 * DAY_MS, hourMs: 365 * DAY_MS }

/** Hours that changed last at or before these times, in Unix milliseconds, leave the tier. */
export interface MetricAgeLimits {
  readonly raw: number
  readonly minute: number
  readonly hour: number
}

/** A tier never outlives the one it is rolled up to. */
export function ageLimits({ rawMs, minuteMs, hourMs }: MetricAging, nowMs: number): MetricAgeLimits {
  return {
    raw: nowMs - Math.min(rawMs, minuteMs, hourMs),
    minute: nowMs - Math.min(minuteMs, hourMs),
    hour: nowMs - hourMs,
  }
}
