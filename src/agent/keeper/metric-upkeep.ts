/**
 * Moves points from segments to blocks, rolls hours up and deletes what is too old: in the background, a small piece at a
 * time, each of which gives way to queries. A piece that fails is told and tried again, less and less often.
 */
import type { Clock } from '../../base/clock.ts'
import type { Sha256 } from '../../base/crypto.ts'
import { MeshError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import { ageLimits, DEFAULT_METRIC_AGING, type MetricAging } from '../../policy/metric-aging.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import { MetricAge } from '../../store/metric-age.ts'
import { MetricFeed } from '../../store/metric-feed.ts'
import { MetricRoll } from '../../store/metric-roll.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { BackOff } from './back-off.ts'
import type { StoredMetrics } from './stored-metrics.ts'
import type { Turns } from './turns.ts'

/** How often it is looked whether there is anything to do, in milliseconds. */
export const LOOK_EVERY_MS = 10_000
/** Points are moved this long after they were seen first, so that a block is written seldom, in milliseconds. */
export const FEED_AFTER_MS = 60_000
/** ... or once so many bytes of them wait, so that a query never has more to read besides. */
export const FEED_AT_BYTES = 1 << 20
/** Most bytes of payloads whose points are in memory at once. */
export const FEED_BYTES = 4 << 20
/** An hour is rolled up once nothing was added to it for this long, in milliseconds. */
export const ROLL_AFTER_MS = 10 * 60_000
/** Longest time between two tries of what fails, in milliseconds. */
const RETRY_MAX_MS = 10 * 60_000
/** Segments of other lanes passed before that is written down: a start reads no more than this of them again. */
const NOTE_PASSED = 4_096

export interface MetricUpkeepDeps {
  readonly clock: Clock
  readonly sha256: Sha256
  readonly store: Store
  readonly metrics: StoredMetrics
  readonly turns: Turns
  readonly onFailure: (err: unknown) => void
}

export class MetricUpkeep {
  readonly #deps: MetricUpkeepDeps
  readonly #aging: () => MetricAging
  readonly #feed: MetricFeed
  readonly #roll: MetricRoll
  readonly #age: MetricAge
  readonly #backOff = new BackOff(LOOK_EVERY_MS, RETRY_MAX_MS)
  #cancel: (() => void) | undefined
  #running: Promise<void> | undefined
  #isStopped = false
  /** Segments that were passed when their bodies were damaged, and whose bodies are back. */
  readonly #again: SegmentRowId[] = []
  /** Segment that was the last one when nothing up to it was to be moved. */
  #passed = 0
  /** Monotonic time at which the oldest point that waits was seen. */
  #waitingSince: number | undefined

  /** @param aging how long each tier is kept, asked for at every look */
  constructor(deps: MetricUpkeepDeps, aging: () => MetricAging = () => DEFAULT_METRIC_AGING) {
    const { store, sha256 } = deps
    this.#deps = deps
    this.#aging = aging
    const onLeftOut = (why: string, count: number): void => store.counters.add(`metrics.left_out.${why}`, count)
    this.#feed = new MetricFeed({ tables: store.metrics, sha256, onLeftOut })
    this.#roll = new MetricRoll({ tables: store.metrics, onCrowded: (count) => onLeftOut('crowded', count) })
    this.#age = new MetricAge(store.metrics)
  }

  start(): void {
    if (this.#isStopped) return
    this.#cancel = this.#deps.clock.after(this.#backOff.waitMs(), () => {
      this.run().then(
        () => this.start(),
        () => this.start(),
      )
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  /** Does all there is to do now. Resolves, after a failure too: that was told. */
  run(options: { readonly everything?: boolean } = {}): Promise<void> {
    this.#running ??= this.#runAll(options.everything === true).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Bodies of these came back; of those that were passed already the points are taken in at the next look. */
  takeAgain(segments: readonly SegmentRowId[]): void {
    const fed = this.#deps.store.metrics.fed()
    this.#again.push(...segments.filter((id) => id <= fed))
  }

  /** Takes all segments in again. Roll-ups of what they hold no more stay. @throws {StoreError} */
  reindex(): Promise<void> {
    this.#deps.store.metrics.setFed(0)
    this.#passed = 0
    return this.run({ everything: true })
  }

  /** @param everything points that were seen just now too */
  async #runAll(everything: boolean): Promise<void> {
    const { turns, onFailure } = this.#deps
    try {
      while (!this.#isStopped && (await turns.upkeep(() => this.#piece(everything))));
      this.#backOff.succeeded()
    } catch (err) {
      this.#feed.forget()
      this.#backOff.failed()
      if (!this.#isStopped) onFailure(err)
    }
  }

  /** @returns whether there may be more to do */
  *#piece(everything: boolean): Steps<boolean> {
    const nowMs = this.#deps.clock.now()
    if (yield* this.#moved(everything, nowMs)) return true
    return this.#roll.step(nowMs - ROLL_AFTER_MS) || this.#age.step(ageLimits(this.#aging(), nowMs))
  }

  *#moved(everything: boolean, nowMs: number): Steps<boolean> {
    const { store, metrics, clock } = this.#deps
    const again = this.#again.shift()
    if (again !== undefined) {
      const itself = metrics.unfed(again - 1, 1).filter(({ id }) => id === again)
      yield* this.#move(itself, nowMs, store.metrics.fed())
      return true
    }
    const lastId = store.segments.lastId()
    if (lastId <= this.#passed) return false
    const fed = store.metrics.fed()
    const waiting = metrics.unfed(Math.max(fed, this.#passed), FEED_SEGMENTS)
    if (waiting.length === 0) {
      this.#passed = lastId
      if (lastId - fed > NOTE_PASSED) store.metrics.setFed(lastId)
      return false
    }
    this.#waitingSince ??= clock.monotonic()
    const bytes = waiting.reduce((sum, { ref }) => sum + ref.rawBytes, 0)
    const isDue = everything || bytes >= FEED_AT_BYTES || clock.monotonic() - this.#waitingSince >= FEED_AFTER_MS
    if (!isDue) return false
    yield* this.#move(waiting, nowMs, 0)
    this.#waitingSince = undefined
    return true
  }

  /** @param fedBefore up to which segment the points of all are in the tables anyway */
  *#move(waiting: ReturnType<StoredMetrics['unfed']>, nowMs: number, fedBefore: SegmentRowId): Steps<void> {
    let [bytes, fed] = [0, fedBefore]
    this.#feed.begin()
    for (const { id, ref } of waiting) {
      if (bytes > 0 && bytes + ref.rawBytes > FEED_BYTES) break
      bytes += ref.rawBytes
      fed = Math.max(fed, id)
      const chunk = yield* ref.open()
      if (chunk !== undefined) yield* this.#collect(chunk)
    }
    yield* this.#feed.write(fed, nowMs)
  }

  /** What was altered or cannot be read is left out: the records themselves say so where they are shown. */
  *#collect({ deviceId, module, payload, provenance }: StoredChunk): Steps<void> {
    try {
      if (provenance !== 'tampered') yield* this.#feed.collect(deviceId, module, payload)
      else this.#deps.store.counters.add('metrics.left_out.tampered_segments', 1)
    } catch (err) {
      if (!(err instanceof MeshError) || err.code.startsWith('STORE_')) throw err
      this.#deps.store.counters.add('metrics.left_out.unreadable_segments', 1)
    }
  }
}

/** Most segments looked at for one piece. */
const FEED_SEGMENTS = 256
