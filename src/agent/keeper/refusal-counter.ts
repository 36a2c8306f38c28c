/**
 * Counts what came from outside and was not taken. Gathered in memory and written together, so that somebody who knocks a
 * thousand times a second costs one write; a power cut may lose the last of them.
 */
import type { Clock } from '../../base/clock.ts'

/** Time between two writes, in milliseconds. */
export const COUNT_EVERY_MS = 1_000

export interface RefusalCounterDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly add: (name: string, count: number) => void
  readonly onFailure: (err: unknown) => void
}

export class RefusalCounter {
  readonly #deps: RefusalCounterDeps
  #waiting = new Map<string, number>()
  #cancel: (() => void) | undefined

  constructor(deps: RefusalCounterDeps) {
    this.#deps = deps
  }

  /** @param code one of ours, never the sender's words: names stay few */
  add(room: 'sync' | 'pair' | 'otlp', code: string, count = 1): void {
    const name = `${room}.refused.${code}`
    this.#waiting.set(name, (this.#waiting.get(name) ?? 0) + count)
    this.#cancel ??= this.#deps.clock.after(COUNT_EVERY_MS, () => this.tryFlush())
  }

  /** For those who only want to read: what cannot be written now waits for the next time. */
  tryFlush(): void {
    try {
      this.flush()
    } catch (err) {
      this.#deps.onFailure(err)
    }
  }

  /** @throws what the store throws; the counts wait for the next time then */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const [name, count] of this.#waiting) {
      this.#deps.add(name, count)
      this.#waiting.delete(name)
    }
  }
}
