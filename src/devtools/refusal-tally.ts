/**
 * Counts what this process refuses by itself, by HTTP status, and tells the agent at most once a second: a flood of bad
 * requests costs it a few bytes.
 */
export type Counts = readonly (readonly [status: number, count: number])[]

/** Longest time a count waits, in milliseconds. */
export const TELL_EVERY_MS = 1_000

export class RefusalTally {
  readonly #tell: (counts: Counts) => void
  readonly #counts = new Map<number, number>()
  #isDue = false

  /** @param tell gives the counts to the agent */
  constructor(tell: (counts: Counts) => void) {
    this.#tell = tell
  }

  add(status: number): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1)
    if (this.#isDue) return
    this.#isDue = true
    setTimeout(() => this.#flush(), TELL_EVERY_MS).unref()
  }

  #flush(): void {
    this.#isDue = false
    const counts = [...this.#counts]
    this.#counts.clear()
    this.#tell(counts)
  }
}
