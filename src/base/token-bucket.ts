/** How much somebody may do: a burst at once, and a steady rate in the long run. Time comes in; nothing runs between two calls. */
export class TokenBucket {
  readonly #perMs: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  /** @param nowMs of a clock that never goes back */
  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perMs = perSecond / 1_000
    this.#tokens = burst
    this.#atMs = nowMs
  }

  /** Takes one. @returns 0, or if there is none, the milliseconds until there is */
  take(nowMs: number): number {
    if (this.level(nowMs) < 1) return Math.ceil((1 - this.#tokens) / this.#perMs)
    this.#tokens--
    return 0
  }

  /** What there is now; parts of one count. */
  level(nowMs: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    return this.#tokens
  }

  /** Takes as many, even if they are not there: that is a debt. */
  spend(count: number, nowMs: number): void {
    this.#tokens = this.level(nowMs) - count
  }

  /** Of what was spent and not needed. */
  giveBack(count: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + count)
  }
}
