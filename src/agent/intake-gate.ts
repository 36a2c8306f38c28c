/**
 * Back-pressure at the door: bounds how many bytes wait for the store thread. Over the bound a sender is told to come
 * back; nothing is taken and then lost, and memory stays bounded whatever is thrown at the agent.
 */
import { codeOf, MeshError } from '../base/errors.ts'

/** Bytes that may wait for their commit: two of the largest OTLP bodies. */
export const MAX_WAITING_BYTES = 128 << 20
/** Pause a sender is asked to make, in milliseconds: what a full queue takes to drain. */
export const BUSY_RETRY_MS = 1_000

/** Failures that are not the sender's: a full disk, a locked file, a thread that has ended. */
const STORE_TROUBLE = /^(?:STORE_|WORKER_GONE$)/

export type IntakeErrorCode = 'INGEST_BUSY'
export class IntakeError extends MeshError<IntakeErrorCode> {}

export class IntakeGate {
  readonly #limitBytes: number
  #waitingBytes = 0

  constructor(limitBytes = MAX_WAITING_BYTES) {
    this.#limitBytes = limitBytes
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** Takes room for bytes that are to wait, until {@link leave}. @returns whether they fit */
  enter(bytes: number): boolean {
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > this.#limitBytes) return false
    this.#waitingBytes += bytes
    return true
  }

  leave(bytes: number): void {
    this.#waitingBytes -= bytes
  }

  /** Runs `work` if its bytes fit. @throws {IntakeError} `INGEST_BUSY`, also for a store in trouble: the sender keeps what it has */
  async pass<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (!this.enter(bytes)) {
      throw new IntakeError('INGEST_BUSY', 'too much is waiting to be stored', {
        details: { retryAfterMs: BUSY_RETRY_MS, waitingBytes: this.#waitingBytes },
      })
    }
    try {
      return await work()
    } catch (err) {
      const reason = codeOf(err)
      if (!STORE_TROUBLE.test(reason)) throw err
      const details = { retryAfterMs: BUSY_RETRY_MS, reason }
      throw new IntakeError('INGEST_BUSY', 'the store cannot take it now', { cause: err, details })
    } finally {
      this.leave(bytes)
    }
  }
}
