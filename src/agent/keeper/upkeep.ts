/**
 * Work that keeps the index in shape, between other calls: one step of a few milliseconds a round of the event loop, for
 * as long as there is something to do. What fails, such as a full disk, waits until there is a new reason to look.
 */
export interface UpkeepDeps {
  /** One step. @returns false once nothing is left to do */
  readonly step: () => boolean
  readonly onFailure: (err: unknown) => void
}

export class Upkeep {
  readonly #deps: UpkeepDeps
  #next: NodeJS.Immediate | undefined
  #isStopped = false

  constructor(deps: UpkeepDeps) {
    this.#deps = deps
  }

  /** There may be something to do. */
  wake(): void {
    if (!this.#isStopped) this.#next ??= setImmediate(() => this.#step())
  }

  stop(): void {
    this.#isStopped = true
    clearImmediate(this.#next)
  }

  #step(): void {
    this.#next = undefined
    try {
      if (this.#deps.step()) this.wake()
    } catch (err) {
      this.#deps.onFailure(err)
    }
  }
}
