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
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#atMs) * this.#perMs)
    this.#atMs = nowMs
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perMs)
    this.#tokens--
    return 0
  }
}
