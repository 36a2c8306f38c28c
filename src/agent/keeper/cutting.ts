/** When open records become segments: by what was just committed, by the clock, and at the start what the last run left. */
import type { Clock } from '../../base/clock.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { SegmentWriter } from '../../store/segment-writer.ts'
import { isDiskTrouble } from '../../store/store-error.ts'
import { CutTimer, isDue, LIVE_CUT_AFTER_MS } from './cut-timer.ts'
import type { LiveGrants } from './live-grants.ts'

export interface CuttingDeps {
  readonly clock: Pick<Clock, 'after'>
  readonly writer: Pick<SegmentWriter, 'cut' | 'hasOpen'>
  readonly liveGrants: Pick<LiveGrants, 'watchedLanes'>
  readonly connected: () => ReadonlySet<DeviceId>
  /** There are new segments. */
  readonly onCut: () => void
  readonly onFailure: (err: unknown) => void
}

export class Cutting {
  readonly #deps: CuttingDeps
  readonly #timer: CutTimer

  constructor(deps: CuttingDeps) {
    const { clock, onFailure } = deps
    this.#deps = deps
    this.#timer = new CutTimer({ clock, cut: () => this.#cutDue(), onFailure }, LIVE_CUT_AFTER_MS)
  }

  /** What the last run acknowledged and had not cut yet is chained now; its rows are old news for readers. */
  cutLeftovers(): void {
    try {
      this.#deps.writer.cut(() => true)
    } catch (err) {
      if (!isDiskTrouble(err)) throw err
      this.#timer.failed(err)
    }
  }

  committed(didCut: boolean): void {
    if (didCut) {
      this.#timer.succeeded()
      this.#deps.onCut()
    }
    this.schedule()
  }

  schedule(): void {
    if (this.#deps.writer.hasOpen()) this.#timer.schedule()
  }

  stop(): void {
    this.#timer.stop()
  }

  #cutDue(): void {
    const { writer, liveGrants, connected } = this.#deps
    const watched = liveGrants.watchedLanes(connected())
    this.committed(writer.cut((open) => isDue({ ...open, lane: open.log.lane }, watched.has(open.log.lane))))
  }
}
