/**
 * Counts what this process refuses by itself, by HTTP status, and tells the agent at most once a second: a flood of bad
 * requests costs it one short request. What the agent does not take is told again with the next.
 */
export type Counts = Readonly<Record<string, number>>

/** Longest time a count waits, in milliseconds. */
export const TELL_EVERY_MS = 1_000

export class RefusalTally {
  readonly #tell: (counts: Counts) => Promise<boolean>
  readonly #counts = new Map<number, number>()
  #timer: NodeJS.Timeout | undefined

  /** @param tell gives the counts to the agent; false if it did not take them */
  constructor(tell: (counts: Counts) => Promise<boolean>) {
    this.#tell = tell
  }

  add(status: number, count = 1): void {
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + count)
    this.#timer ??= setTimeout(() => void this.flush(), TELL_EVERY_MS).unref()
  }

  /** Tells what has not been told. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counts = [...this.#counts]
    this.#counts.clear()
    if (counts.length === 0 || (await this.#tell(Object.fromEntries(counts)))) return
    for (const [status, count] of counts) this.add(status, count)
  }
}
