/**
 * Looks at records after they were committed and answered, in turns with all else: neither the store nor ingest waits for
 * whoever looks. What waits is a copy, and bounded: what finds no room is not looked at, and whoever offers it knows.
 */
import { freeBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Steps } from '../../base/steps.ts'
import type { StoredChunk } from '../../query/trace-source.ts'

/** Records that were just committed. */
export interface Committed {
  readonly lane: string
  readonly records: number
  readonly chunk: StoredChunk
}

/** What whoever looks at records needs of the thread it shares. */
export interface LookDeps {
  readonly clock: Pick<Clock, 'monotonic'>
  /** Does something after whatever else there is to do now. */
  readonly later: (work: () => void) => void
  readonly onFailure: (err: unknown) => void
}

export interface LookOptions {
  /** Most bytes of records that wait. */
  readonly maxBytes: number
  /** Length of a turn, in milliseconds. */
  readonly turnMs: number
  /** The payload is freed after it. */
  readonly look: (committed: Committed) => Steps<void>
}

export class LookLater {
  readonly #deps: LookDeps
  readonly #options: LookOptions
  #waiting: Committed[] = []
  #waitingBytes = 0
  /** What is under way; undefined while there is nothing to look at. */
  #looking: Steps<void> | undefined

  constructor(deps: LookDeps, options: LookOptions) {
    this.#deps = deps
    this.#options = options
  }

  /** Takes a copy. @returns false if there is no room for it. */
  offer({ lane, records, chunk }: Committed): boolean {
    if (this.#waitingBytes + chunk.payload.length > this.#options.maxBytes) return false
    this.#waiting.push({ lane, records, chunk: { ...chunk, payload: chunk.payload.slice() } })
    this.#waitingBytes += chunk.payload.length
    if (this.#looking === undefined) {
      this.#looking = this.#lookAtAll()
      this.#deps.later(() => this.#turn())
    }
    return true
  }

  /** Nobody wants to look any more. */
  forget(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  /** Of its own, beside the turns of queries: what is live does not wait in line behind four long ones. */
  #turn(): void {
    const endMs = this.#deps.clock.monotonic() + this.#options.turnMs
    try {
      do {
        if (this.#looking?.next().done !== true) continue
        this.#looking = undefined
        return
      } while (this.#deps.clock.monotonic() < endMs)
    } catch (err) {
      this.#looking = this.#lookAtAll()
      this.#deps.onFailure(err)
    }
    this.#deps.later(() => this.#turn())
  }

  *#lookAtAll(): Steps<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.chunk.payload.length
      yield* this.#options.look(next)
      freeBytes(next.chunk.payload)
      yield
    }
  }
}
