/**
 * How many metric series a plugin has: those of this hour and the last. One that is measured again stays, one that is not is
 * forgotten after an hour or two, so that names that come and go do not use up what a plugin may have for ever.
 */
export const SERIES_HOUR_MS = 3_600_000

export class SeriesWindow {
  readonly #limit: number
  #now = new Set<string>()
  #before = new Set<string>()
  #hour = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @param series what tells it from others @returns false if there is no room for it */
  take(series: string, nowMs: number): boolean {
    this.#turn(Math.floor(nowMs / SERIES_HOUR_MS))
    if (this.#now.has(series)) return true
    if (!this.#before.delete(series) && this.#now.size + this.#before.size >= this.#limit) return false
    this.#now.add(series)
    return true
  }

  #turn(hour: number): void {
    if (hour <= this.#hour) return
    this.#before = hour === this.#hour + 1 ? this.#now : new Set()
    this.#now = new Set()
    this.#hour = hour
  }
}
