/**
 * When open records are looked at for cutting: one timer while anything is open, none while nothing is. A cut that fails
 * is told once a try and tried less and less often, so that a full disk costs neither CPU nor log.
 */
import type { Clock } from '../../base/clock.ts'
import type { Lane } from '../../model/lane.ts'
import { BackOff } from './back-off.ts'

/** Open records are cut after this long at most, so that they are chained soon even on a quiet device. */
export const CUT_AFTER_MS = 5_000
/** While a device that may see them is connected, records are cut after this long, so that it sees them live. */
export const LIVE_CUT_AFTER_MS = 100
/** But not more often than this for one log: a steady trickle makes two small segments a second, not ten. */
export const LIVE_CUT_EVERY_MS = 500
/** Documents wait longer even then: people write one thing after the other, and a segment for each would cost ten times as much. */
export const LIVE_CUT_EDITS_AFTER_MS = 2_000
/** Longest time between two tries of a cut that fails, in milliseconds: how late room on the disk is noticed. */
export const CUT_RETRY_MAX_MS = 30_000

export interface CutTimerDeps {
  readonly clock: Pick<Clock, 'after'>
  /** Cuts what is due, and says so with {@link CutTimer.succeeded}; what it throws is tried again. */
  readonly cut: () => void
  readonly onFailure: (err: unknown) => void
}

export class CutTimer {
  readonly #deps: CutTimerDeps
  readonly #backOff: BackOff
  #cancel: (() => void) | undefined
  #isStopped = false

  /** @param checkMs time between two looks */
  constructor(deps: CutTimerDeps, checkMs: number) {
    this.#deps = deps
    this.#backOff = new BackOff(checkMs, CUT_RETRY_MAX_MS)
  }

  schedule(): void {
    if (this.#isStopped) return
    this.#cancel ??= this.#deps.clock.after(this.#backOff.waitMs(), () => {
      this.#cancel = undefined
      try {
        this.#deps.cut()
      } catch (err) {
        this.failed(err)
      }
    })
  }

  failed(err: unknown): void {
    this.#backOff.failed()
    this.#deps.onFailure(err)
    this.schedule()
  }

  /** Segments were cut, here or by a batch that filled one: there is room. */
  succeeded(): void {
    this.#backOff.succeeded()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }
}

/** Of a log that has open records, times in milliseconds; `isWatched`: a connected device may see its lane. */
export interface OpenTimes {
  readonly lane: Lane
  readonly openMs: number
  readonly sinceCutMs: number
}

export function isDue({ lane, openMs, sinceCutMs }: OpenTimes, isWatched: boolean): boolean {
  if (openMs >= CUT_AFTER_MS) return true
  const liveMs = lane === 'documents' ? LIVE_CUT_EDITS_AFTER_MS : LIVE_CUT_AFTER_MS
  return isWatched && openMs >= liveMs && sinceCutMs >= LIVE_CUT_EVERY_MS
}
