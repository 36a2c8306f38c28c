/**
 * What a start has to put on disk before this device takes anything in or lets anything out: above all the leaf that says
 * it started. When the disk is full or fails, it waits here in order and is tried again (docs/spec/storage.md, ST25).
 * Must not: let anything that needs a leaf overtake it.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import { isDiskTrouble, StoreError, toStoreError, type StoreErrorCode } from '../../store/store-error.ts'
import { BackOff } from './back-off.ts'

/** Time before the first new try, and the longest between two, in milliseconds. */
export const OWED_RETRY_MS = 1_000
export const OWED_RETRY_MAX_MS = 30_000

export interface OwedWritesDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly onFailure: (err: unknown) => void
  /** Something is owed from now on, or nothing any more. */
  readonly onChange: () => void
}

export class OwedWrites {
  readonly #deps: OwedWritesDeps
  readonly #backOff = new BackOff(OWED_RETRY_MS, OWED_RETRY_MAX_MS)
  readonly #writes: (() => void)[] = []
  #isWriting = false
  #trouble: StoreErrorCode | undefined
  #cancel: (() => void) | undefined

  constructor(deps: OwedWritesDeps) {
    this.#deps = deps
  }

  /** What is wrong with the disk, while something is owed. */
  get trouble(): StoreErrorCode | undefined {
    return this.#trouble
  }

  /** Writes now, or as soon as the disk takes it. @throws what is no trouble of the disk */
  write(work: () => void): void {
    this.#writes.push(work)
    if (this.#trouble !== undefined) return
    try {
      this.#writeAll()
    } catch (err) {
      if (!isDiskTrouble(err)) {
        this.#writes.pop()
        throw err
      }
      this.#trouble = codeOf(err) as StoreErrorCode
      this.#deps.onFailure(err)
      this.#retryLater()
      this.#deps.onChange()
    }
  }

  /** For what must not go on before everything owed is written. @throws what writing it throws */
  settle(): void {
    if (this.#trouble === undefined || this.#isWriting) return
    this.#writeAll()
    this.#trouble = undefined
    this.#cancel?.()
    this.#backOff.succeeded()
    this.#deps.onChange()
  }

  /** For what comes too often to try again each time. @throws {StoreError} while something is owed */
  requireSettled(): void {
    if (this.#trouble === undefined) return
    throw new StoreError(this.#trouble, 'the disk does not take what this start has to record')
  }

  stop(): void {
    this.#cancel?.()
  }

  #writeAll(): void {
    this.#isWriting = true
    try {
      for (let work = this.#writes[0]; work !== undefined; work = this.#writes[0]) {
        work()
        this.#writes.shift()
      }
    } catch (err) {
      throw toStoreError(err)
    } finally {
      this.#isWriting = false
    }
  }

  #retryLater(): void {
    this.#cancel = this.#deps.clock.after(this.#backOff.waitMs(), () => {
      try {
        this.settle()
      } catch (err) {
        this.#backOff.failed()
        this.#deps.onFailure(err)
        this.#retryLater()
      }
    })
  }
}
