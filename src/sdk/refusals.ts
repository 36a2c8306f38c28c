/** What the agent refused of a module's, by the agent's codes, so that its author learns what to mend. */

/** Most codes that are told apart: they come from outside. What is beyond is counted together. */
export const MAX_REFUSAL_CODES = 64
export const OTHER_REFUSALS = 'OTHER'

export class Refusals {
  readonly #counts = new Map<string, number>()

  add(code: string, count: number): void {
    const isRoom = this.#counts.has(code) || this.#counts.size < MAX_REFUSAL_CODES
    const name = isRoom ? code : OTHER_REFUSALS
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
