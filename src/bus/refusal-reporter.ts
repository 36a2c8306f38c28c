/**
 * Tells of refused keys without letting a stranger who retries forever fill the audit log:
 * the first refusal at once, those that follow as one count per interval.
 */
import type { Clock } from '../base/clock.ts'

/** Shortest time between two reports about one module, in milliseconds. */
export const REFUSAL_REPORT_INTERVAL_MS = 10_000

export class RefusalReporter {
  readonly #clock: Clock
  readonly #report: (module: string, count: number) => void
  /** Refusals not told yet, of the modules whose interval is running. */
  readonly #waiting = new Map<string, { count: number; readonly cancel: () => void }>()

  constructor(clock: Clock, report: (module: string, count: number) => void) {
    this.#clock = clock
    this.#report = report
  }

  refused(module: string): void {
    const waiting = this.#waiting.get(module)
    if (waiting) {
      waiting.count++
      return
    }
    this.#startInterval(module)
    this.#report(module, 1)
  }

  /** Tells what is still untold and ends all timers. */
  stop(): void {
    for (const [module, { count, cancel }] of this.#waiting) {
      cancel()
      if (count > 0) this.#report(module, count)
    }
    this.#waiting.clear()
  }

  #startInterval(module: string): void {
    const cancel = this.#clock.after(REFUSAL_REPORT_INTERVAL_MS, () => this.#intervalOver(module))
    this.#waiting.set(module, { count: 0, cancel })
  }

  #intervalOver(module: string): void {
    const count = this.#waiting.get(module)?.count ?? 0
    this.#waiting.delete(module)
    if (count === 0) return
    this.#startInterval(module)
    this.#report(module, count)
  }
}
