/** Encodes records as they come until there are enough or the first has waited long enough, then hands them on together. */
import type { Clock } from '../base/clock.ts'
import type { BatchEncoder } from '../wire/otlp/batch-encoder.ts'
import type { EncodedBatch } from './encode-records.ts'

/** Most records gathered: OpenTelemetry's default batch. */
export const MAX_BUFFERED_RECORDS = 512
/** Handed on from here, in bytes: with the largest record behind it (a megabyte) a batch still fits a frame. */
export const MAX_BUFFERED_BYTES = 1_048_576
/** Longest time the first record waits, in milliseconds: the agent shows what happened a moment ago. */
export const MAX_BUFFERED_MS = 100

export class RecordBuffer<T> {
  readonly #clock: Clock
  readonly #encoder: BatchEncoder<T>
  readonly #onBatch: (batch: EncodedBatch) => void
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, encoder: BatchEncoder<T>, onBatch: (batch: EncodedBatch) => void) {
    this.#clock = clock
    this.#encoder = encoder
    this.#onBatch = onBatch
  }

  /** @throws what the encoder throws at this record, which is then left out */
  add(record: T): void {
    this.#encoder.add(record)
    const isFull = this.#encoder.records >= MAX_BUFFERED_RECORDS || this.#encoder.length >= MAX_BUFFERED_BYTES
    if (isFull) this.flush()
    else this.#cancelTimer ??= this.#clock.after(MAX_BUFFERED_MS, () => this.flush())
  }

  flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const { records } = this.#encoder
    if (records > 0) this.#onBatch({ bytes: this.#encoder.take(), records })
  }
}
