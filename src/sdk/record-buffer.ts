/** Gathers records until there are enough or the first has waited long enough, then hands them on together. */
import type { Clock } from '../base/clock.ts'

/** Most records gathered: OpenTelemetry's default batch. */
export const MAX_BUFFERED_RECORDS = 512
/** Longest time the first record waits, in milliseconds: the agent shows what happened a moment ago. */
export const MAX_BUFFERED_MS = 100

export class RecordBuffer<T> {
  readonly #clock: Clock
  readonly #onBatch: (records: readonly T[]) => void
  #records: T[] = []
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, onBatch: (records: readonly T[]) => void) {
    this.#clock = clock
    this.#onBatch = onBatch
  }

  add(record: T): void {
    this.#records.push(record)
    if (this.#records.length >= MAX_BUFFERED_RECORDS) this.flush()
    else this.#cancelTimer ??= this.#clock.after(MAX_BUFFERED_MS, () => this.flush())
  }

  flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#records.length === 0) return
    const records = this.#records
    this.#records = []
    this.#onBatch(records)
  }
}
