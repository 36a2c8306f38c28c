/**
 * What a reader has asked for and did not get yet. Runs come in the order asked, each range from its top down; whatever
 * else comes was not asked for.
 */
import type { LogRange } from '../wire/log-rows.ts'

export class AskedRanges {
  #left: readonly LogRange[] = []

  ask(ranges: readonly LogRange[]): void {
    this.#left = ranges
  }

  /** Takes a run off what is left. @returns false if it is not the next part of it */
  take({ author, log, incarnation, from, to }: LogRange): boolean {
    const [next, ...rest] = this.#left
    const isNext =
      next?.author === author &&
      next.log === log &&
      next.incarnation === incarnation &&
      next.to === to &&
      from >= next.from
    if (!isNext) return false
    this.#left = from > next.from ? [{ ...next, to: from - 1 }, ...rest] : rest
    return true
  }

  /** The range whose turn it is. */
  next(): LogRange | undefined {
    return this.#left[0]
  }
}
