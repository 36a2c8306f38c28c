/** What questions about health answer. docs/spec/health.md. */

export interface HealthCheckView {
  /** `agent`, or the module that it is of. */
  readonly source: string
  readonly name: string
  readonly kind: 'liveness' | 'readiness'
  readonly status: 'pass' | 'warn' | 'fail'
  /** In plain words; null where there is nothing to say. */
  readonly reason: string | null
  /** When the status became this. */
  readonly sinceUnixMs: number
}

/** `status --health` */
export interface HealthView {
  /** No check of liveness fails. */
  readonly live: boolean
  /** No check fails. */
  readonly ready: boolean
  readonly checks: readonly HealthCheckView[]
}
