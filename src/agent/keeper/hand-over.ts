/**
 * Hands readers the keys of new epochs and the names of new logs before anything sealed with them is offered: what came
 * up meanwhile is handed over before anybody is told that it is done.
 */
export class HandOver {
  readonly #work: () => Promise<void>
  #isDue = false
  #running: Promise<void> = Promise.resolve()

  constructor(work: () => Promise<void>) {
    this.#work = work
  }

  /** There are segments that readers have no key or name of yet. */
  due(): void {
    this.#isDue = true
  }

  /** Resolves when whoever may see what is stored has its keys and names in the log of its own. */
  async done(): Promise<void> {
    if (this.#isDue) {
      this.#isDue = false
      this.#running = this.#work().catch((err: unknown) => {
        this.#isDue = true
        throw err
      })
    }
    const running = this.#running
    await running
    // Sealing takes a moment, in which more may have been cut.
    if (this.#isDue || this.#running !== running) await this.done()
  }
}
