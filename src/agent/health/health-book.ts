/**
 * What is known of the health of this device: the latest check of each name, by whose it is, and since when it has been as it
 * is. A state machine without a clock of its own, bounded by what its callers may report.
 */
import type { HealthKind, HealthStatus } from '../../model/health.ts'

/** `source`: the module, or {@link AGENT_MODULE}. */
export interface CheckState {
  readonly source: string
  readonly name: string
  readonly kind: HealthKind
  readonly status: HealthStatus
  readonly reason: string | undefined
  /** When its status became this. */
  readonly sinceUnixMs: number
}
export type Check = Omit<CheckState, 'source' | 'sinceUnixMs'>

export class HealthBook {
  readonly #bySource = new Map<string, readonly CheckState[]>()

  /** These are all checks of a source from now on. */
  report(source: string, checks: readonly Check[], nowUnixMs: number): void {
    const before = new Map(this.#bySource.get(source)?.map((check) => [check.name, check]))
    const states = checks.map((check): CheckState => {
      const known = before.get(check.name)
      const sinceUnixMs = known?.status === check.status ? known.sinceUnixMs : nowUnixMs
      return { ...check, source, sinceUnixMs }
    })
    this.#bySource.set(source, states)
  }

  forget(source: string): void {
    this.#bySource.delete(source)
  }

  /** By source, in the order in which they were first heard of. */
  checks(): readonly CheckState[] {
    return [...this.#bySource.values()].flat()
  }
}

/** What is only a warning still works. */
export function isHealthy(checks: readonly Check[], kind?: HealthKind): boolean {
  return checks.every((check) => check.status !== 'fail' || (kind !== undefined && check.kind !== kind))
}
