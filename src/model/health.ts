/** Checks of whether something works: what modules report of themselves, and the agent of itself. docs/spec/health.md. */

export const HEALTH_STATUSES = ['pass', 'warn', 'fail'] as const
export type HealthStatus = (typeof HEALTH_STATUSES)[number]
/** A failing `liveness` check is mended by starting anew; a failing `readiness` check may pass by itself. */
export type HealthKind = 'liveness' | 'readiness'

/** Most checks of one module. */
export const MAX_HEALTH_CHECKS = 64
/** Longest name of a check, and longest reason, in characters. */
export const MAX_CHECK_NAME_CHARS = 64
export const MAX_CHECK_REASON_CHARS = 200

export interface HealthReport {
  readonly name: string
  readonly status: HealthStatus
  /** In plain words. */
  readonly reason?: string
}
