/**
 * Notices that the disk is full and that it no longer is (docs/spec/storage.md, ST50 to ST53). While it is, nothing is taken in, what is
 * here is read as ever, and the reserve is given up, so that the reason can be recorded. Open again once the reserve is back.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import type { ReserveFile } from '../../store/reserve-file.ts'
import { StoreError, toStoreError } from '../../store/store-error.ts'
import type { LedgerEntry } from '../../sync/ledger.ts'
import { BackOff } from './back-off.ts'

/** From the start to when the reserve is made, in milliseconds: whoever starts the agent waits for other things. */
export const RESERVE_AFTER_MS = 1_000
/** How often it is looked whether there is room again, at first and at least. */
export const PROBE_MS = 1_000
export const PROBE_MAX_MS = 15_000

export interface DiskGuardDeps {
  readonly clock: Pick<Clock, 'now' | 'after'>
  readonly reserve: Pick<ReserveFile, 'take' | 'giveUp'>
  readonly record: (type: 'store.full' | 'store.freed', payload: NonNullable<LedgerEntry['payload']>) => void
  /** The disk is full, or no longer. */
  readonly onChange: (isFull: boolean) => void
  readonly onFailure: (err: unknown) => void
}

export class DiskGuard {
  readonly #deps: DiskGuardDeps
  readonly #backOff = new BackOff(PROBE_MS, PROBE_MAX_MS)
  #fullSinceUnixMs: number | undefined
  #refused = 0
  /** What fails before its start is owed (ST25), what fails after its stop is the next start's. */
  #isRunning = false
  #cancel: (() => void) | undefined

  constructor(deps: DiskGuardDeps) {
    this.#deps = deps
  }

  get fullSinceUnixMs(): number | undefined {
    return this.#fullSinceUnixMs
  }

  start(): void {
    this.#isRunning = true
    this.#probeAfter(RESERVE_AFTER_MS)
  }

  stop(): void {
    this.#isRunning = false
    this.#cancel?.()
  }

  /** For what comes in. @throws {StoreError} `STORE_FULL` */
  requireRoom(): void {
    if (this.#fullSinceUnixMs === undefined) return
    this.#refused++
    throw new StoreError('STORE_FULL', 'the disk is full')
  }

  /** Something was not written. Never throws. */
  failed(err: unknown): void {
    if (this.#fullSinceUnixMs !== undefined || !this.#isRunning) return
    if (codeOf(toStoreError(err)) !== 'STORE_FULL') return
    this.#fullSinceUnixMs = Math.floor(this.#deps.clock.now())
    this.#refused = 0
    this.#attempt(() => this.#deps.reserve.giveUp())
    this.#attempt(() => this.#deps.record('store.full', {}))
    this.#probeAfter(this.#backOff.waitMs())
    this.#deps.onChange(true)
  }

  #probe(): void {
    try {
      this.#deps.reserve.take()
      this.#backOff.succeeded()
      this.#freed()
    } catch (err) {
      this.#backOff.failed()
      if (codeOf(err) !== 'STORE_FULL') this.#deps.onFailure(err)
      this.failed(err)
      this.#probeAfter(this.#backOff.waitMs())
    }
  }

  #freed(): void {
    const sinceUnixMs = this.#fullSinceUnixMs
    if (sinceUnixMs === undefined) return
    this.#deps.record('store.freed', { sinceUnixMs, refused: this.#refused })
    this.#fullSinceUnixMs = undefined
    this.#deps.onChange(false)
  }

  #probeAfter(delayMs: number): void {
    this.#cancel?.()
    if (this.#isRunning) this.#cancel = this.#deps.clock.after(delayMs, () => this.#probe())
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (err) {
      this.#deps.onFailure(err)
    }
  }
}
