/**
 * Tells of refusals without letting somebody who retries forever fill the audit log:
 * the first refusal at once, those that follow as one count per interval.
 */
import type { Clock } from '../base/clock.ts'

/** Shortest time between two reports of refused keys of one module, in milliseconds. */
export const REFUSAL_REPORT_INTERVAL_MS = 10_000

export class RefusalReporter {
  readonly #clock: Clock
  readonly #report: (about: string, count: number) => void
  readonly #intervalMs: number
  /** Refusals not told yet, of whatever has its interval running. */
  readonly #waiting = new Map<string, { count: number; readonly cancel: () => void }>()

  constructor(
    clock: Clock,
    report: (about: string, count: number) => void,
    intervalMs: number = REFUSAL_REPORT_INTERVAL_MS,
  ) {
    this.#clock = clock
    this.#report = report
    this.#intervalMs = intervalMs
  }

  /** @param about whom, or whom and why: each has an interval of its own */
  refused(about: string, count = 1): void {
    const waiting = this.#waiting.get(about)
    if (waiting) {
      waiting.count += count
      return
    }
    this.#startInterval(about)
    this.#report(about, count)
  }

  /** Tells what is still untold and ends all timers. */
  stop(): void {
    for (const [about, { count, cancel }] of this.#waiting) {
      cancel()
      if (count > 0) this.#report(about, count)
    }
    this.#waiting.clear()
  }

  #startInterval(about: string): void {
    const cancel = this.#clock.after(this.#intervalMs, () => this.#intervalOver(about))
    this.#waiting.set(about, { count: 0, cancel })
  }

  #intervalOver(about: string): void {
    const count = this.#waiting.get(about)?.count ?? 0
    this.#waiting.delete(about)
    if (count === 0) return
    this.#startInterval(about)
    this.#report(about, count)
  }
}
