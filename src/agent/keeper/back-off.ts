/** How long to wait before work that failed is tried again: twice as long after each failure, up to a bound. */
export class BackOff {
  readonly #firstMs: number
  readonly #mostMs: number
  #waitMs: number

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
    this.#waitMs = firstMs
  }

  waitMs(): number {
    return this.#waitMs
  }

  failed(): void {
    this.#waitMs = Math.min(this.#waitMs * 2, this.#mostMs)
  }

  succeeded(): void {
    this.#waitMs = this.#firstMs
  }
}
