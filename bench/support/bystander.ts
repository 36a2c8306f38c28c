/**
 * A thread that next to nothing is asked of: every tenth of a second it makes 4 KiB durable on the disk that benchmarks use.
 * When even that takes long, the machine or its disk stood still, and whoever was held up then was held up by them.
 */
import { Worker } from 'node:worker_threads'

const MICROS_PER_MS = 1_000

export class Bystander {
  readonly #worker: Worker
  readonly #longestMicros = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

  constructor() {
    const workerData = this.#longestMicros
    this.#worker = new Worker(new URL('./bystander-thread.ts', import.meta.url), { workerData })
    this.#worker.unref()
  }

  /** Longest time from when it was to begin until its bytes were durable, since this was last asked, in milliseconds. */
  takeLongestMs(): number {
    return Atomics.exchange(this.#longestMicros, 0, 0) / MICROS_PER_MS
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
