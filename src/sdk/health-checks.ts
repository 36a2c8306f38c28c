/**
 * A module's own checks of whether it works: asked for every few seconds while its owner's stage shows health, and told to
 * the agent whenever an answer is another one, or a session begins. A check that throws or takes too long fails.
 */
import type { Clock } from '../base/clock.ts'
import {
  HEALTH_STATUSES,
  MAX_CHECK_NAME_CHARS,
  MAX_CHECK_REASON_CHARS,
  MAX_HEALTH_CHECKS,
  type HealthReport,
  type HealthStatus,
} from '../model/health.ts'
import { isAtLeast, type Stage } from '../model/stage.ts'
import { cutText, describeError, readProperty } from './attribute-value.ts'

/** Time between two askings, in milliseconds. */
export const CHECK_EVERY_MS = 10_000
/** Longest time a check may take, in milliseconds. */
export const CHECK_TIMEOUT_MS = 5_000

/** `pass`, `warn` or `fail`, with a reason in plain words; nothing is `pass`. */
export type HealthResult = HealthStatus | Omit<HealthReport, 'name'> | void
export type HealthCheck = () => HealthResult | Promise<HealthResult>

export interface HealthChecksDeps {
  readonly clock: Clock
  report(checks: readonly HealthReport[]): void
}

export class HealthChecks {
  readonly #deps: HealthChecksDeps
  readonly #checks = new Map<string, HealthCheck>()
  #isShown = false
  #isAsking = false
  /** What was told in this session. */
  #told: string | undefined
  #cancel: (() => void) | undefined

  constructor(deps: HealthChecksDeps) {
    this.#deps = deps
  }

  /** @returns what takes the check away. A name that is none, or one too many, is not taken */
  register(name: string, check: HealthCheck): () => void {
    const key = cutText(name, MAX_CHECK_NAME_CHARS)
    const isTaken = key.trim() !== '' && (this.#checks.has(key) || this.#checks.size < MAX_HEALTH_CHECKS)
    if (!isTaken) return () => {}
    this.#checks.set(key, check)
    this.#cancel ??= this.#deps.clock.every(CHECK_EVERY_MS, () => void this.ask())
    void this.ask()
    return () => {
      if (this.#checks.get(key) !== check) return
      this.#checks.delete(key)
      void this.ask()
    }
  }

  /** At the beginning of a session, and when the stage changes: the agent knows nothing of us then. */
  setStage(stage: Stage): void {
    this.#isShown = isAtLeast(stage, 'pro')
    this.#told = undefined
    if (this.#checks.size > 0) void this.ask()
  }

  stop(): void {
    this.#cancel?.()
    this.#checks.clear()
  }

  /** Asks all checks and tells the agent what is new. Never throws. */
  async ask(): Promise<void> {
    if (!this.#isShown || this.#isAsking) return
    this.#isAsking = true
    const reports = await Promise.all([...this.#checks].map(([name, check]) => this.#askOne(name, check)))
    this.#isAsking = false
    const text = JSON.stringify(reports)
    if (!this.#isShown || text === this.#told) return
    this.#told = text
    this.#deps.report(reports)
  }

  async #askOne(name: string, check: HealthCheck): Promise<HealthReport> {
    const { promise: timeout, resolve } = Promise.withResolvers<HealthResult>()
    const seconds = CHECK_TIMEOUT_MS / 1_000
    const late = { status: 'fail', reason: `no answer within ${seconds} s` } as const
    const cancel = this.#deps.clock.after(CHECK_TIMEOUT_MS, () => resolve(late))
    try {
      return toReport(name, await Promise.race([check(), timeout]))
    } catch (err) {
      return toReport(name, { status: 'fail', reason: describeError(err).message })
    } finally {
      cancel()
    }
  }
}

/** Types do not bind a check in JavaScript: what is no result is a failure. */
function toReport(name: string, result: unknown): HealthReport {
  if (result === undefined) return { name, status: 'pass' }
  const said: object = typeof result === 'object' && result !== null ? result : { status: result }
  const [status, reason] = [readProperty(said, 'status'), readProperty(said, 'reason')]
  if (!isStatus(status)) return { name, status: 'fail', reason: 'the check gave no result' }
  const text = reason === undefined ? '' : cutText(reason, MAX_CHECK_REASON_CHARS)
  return { name, status, ...(text !== '' && { reason: text }) }
}

function isStatus(value: unknown): value is HealthStatus {
  return HEALTH_STATUSES.includes(value as HealthStatus)
}
