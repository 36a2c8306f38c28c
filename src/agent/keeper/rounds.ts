/**
 * Lets a round of the event loop do one piece of the store thread's own work: a commit, a turn of a query, a step of upkeep.
 * Immediates would all be done in one round, and what comes meanwhile would wait for the sum of them.
 */
export class Rounds {
  readonly #pieces = new Set<{ readonly work: () => void }>()
  readonly #inNextRound: (work: () => void) => void
  #isArmed = false

  constructor(inNextRound: (work: () => void) => void = setImmediate) {
    this.#inNextRound = inNextRound
  }

  /** Does it in a round of its own, after what was asked for before. @returns what takes it back */
  readonly later = (work: () => void): (() => void) => {
    const piece = { work }
    this.#pieces.add(piece)
    this.#arm()
    return () => this.#pieces.delete(piece)
  }

  /** Resolves in a round of its own. */
  readonly pause = (): Promise<void> => new Promise((resolve) => this.later(resolve))

  #arm(): void {
    if (this.#isArmed || this.#pieces.size === 0) return
    this.#isArmed = true
    this.#inNextRound(() => this.#round())
  }

  #round(): void {
    this.#isArmed = false
    const [piece] = this.#pieces
    if (piece === undefined) return
    this.#pieces.delete(piece)
    // Before it: what it throws must not hold up the others.
    this.#arm()
    piece.work()
  }
}
