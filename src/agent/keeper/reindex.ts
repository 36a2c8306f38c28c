/**
 * Makes everything that segments are found by again, from the segments: online, a little at a time, beside the index that
 * answers meanwhile. A start goes on with what a stop or a kill cut short. Rules: docs/spec/index.md, IX28 and IX30 to IX32.
 */
import { freeBytes } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import type { StoredLane } from '../../model/lane.ts'
import type { PostingIndex } from '../../store/postings/posting-index.ts'
import type { SegmentRowId, StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { Digest } from '../../wire/index/digest.ts'
import { digestOfPayload } from '../../wire/index/payload-digest.ts'
import { INDEX_VERSION } from '../../wire/index/token.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { readPayload } from './stored-payload.ts'
import type { Turns } from './turns.ts'

/** Segments written in one transaction. */
const AT_ONCE = 16
/** Shortest time between two runs that nobody asked for, in milliseconds. */
const REPAIR_EVERY_MS = 3_600_000

export interface ReindexDeps {
  readonly store: Store
  readonly sealer: SegmentSealer
  readonly clock: Pick<Clock, 'monotonic'>
  readonly turns: Pick<Turns, 'upkeep'>
  /** The new index answers: the old one's space can be given back, and what else is derived be made again. */
  readonly onDone: () => Promise<void>
  readonly onFailure: (err: unknown) => void
}

export interface ReindexState {
  readonly isRunning: boolean
  /** Segments read by the run under way, or by the last of this start; and those there were to read. */
  readonly segments: number
  readonly ofSegments: number
  /** Why the last run did not come to its end; the next goes on with it. */
  readonly failure: string | undefined
}

export class Reindex {
  readonly #deps: ReindexDeps
  #running: Promise<void> | undefined
  #isStopped = false
  #segments = 0
  #ofSegments = 0
  #failure: string | undefined
  /** When it began last, on the monotonic clock. */
  #beganMs: number | undefined

  constructor(deps: ReindexDeps) {
    this.#deps = deps
  }

  state(): ReindexState {
    return {
      isRunning: this.#running !== undefined,
      segments: this.#segments,
      ofSegments: Math.max(this.#ofSegments, this.#segments),
      failure: this.#failure,
    }
  }

  /** One at a time: whoever asks while one is under way gets that one. Resolves, after a failure too: that was told. */
  run(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** The index turned out to be damaged. What a new one does not mend is not tried all the time. */
  repair(): void {
    const { clock } = this.#deps
    if (this.#beganMs === undefined || clock.monotonic() - this.#beganMs >= REPAIR_EVERY_MS) void this.run()
  }

  /** Goes on with a run that did not come to its end, and makes anew what an older program made. */
  resume(): void {
    const { indexGeneration } = this.#deps.store
    if (indexGeneration.next() !== undefined || indexGeneration.version() < INDEX_VERSION) void this.run()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #run(): Promise<void> {
    const { clock, turns, onDone, onFailure } = this.#deps
    this.#beganMs = clock.monotonic()
    this.#failure = undefined
    try {
      await turns.upkeep(() => this.steps())
      await onDone()
    } catch (err) {
      this.#failure = codeOf(err) ?? 'INTERNAL'
      if (!this.#isStopped) onFailure(err)
    }
  }

  /** What a run does, but for what is told afterwards. */
  *steps(): Steps<void> {
    const { store } = this.#deps
    const next = store.indexGeneration.begin()
    let last = next.lastSegment()
    this.#ofSegments = store.segments.totals().segments
    this.#segments = store.kept.countUpTo(last)
    for (;;) {
      const batch = this.#above(last)
      if (batch.length === 0) {
        if (store.indexGeneration.takeOver(next, last)) return
        continue
      }
      yield* this.#add(batch, next)
      last = (batch.at(-1) as StoredSegment).id
      this.#segments += batch.length
      while (next.mergeStep()) yield
    }
  }

  #above(last: SegmentRowId): readonly StoredSegment[] {
    const { segments } = this.#deps.store
    const found: StoredSegment[] = []
    for (let id = segments.nextId(last + 1); id !== undefined; id = segments.nextId(id + 1)) {
      const segment = segments.get(id)
      if (segment !== undefined) found.push(segment)
      if (found.length === AT_ONCE) break
    }
    return found
  }

  *#add(batch: readonly StoredSegment[], next: PostingIndex): Steps<void> {
    const digests: (Digest | undefined)[] = []
    for (const segment of batch) {
      digests.push(this.#digestOf(segment))
      yield
    }
    const { store } = this.#deps
    store.transaction(() => {
      for (const [i, { id }] of batch.entries()) {
        const digest = digests[i]
        if (store.segments.get(id) === undefined) continue // dropped since it was read
        if (digest === undefined) store.traces.rewriteUnread(id, next)
        else store.traces.rewrite(id, digest, next)
      }
    })
  }

  /** @returns undefined for what cannot be read: that is told wherever it is asked for */
  #digestOf(segment: StoredSegment): Digest | undefined {
    const log = this.#deps.store.logs.byRow(segment.log)
    const payload = readPayload(this.#deps, log, segment)
    try {
      return payload && digestOfPayload(log.lane as StoredLane, payload)
    } catch {
      return undefined // sealed by its author, and still nothing that can be scanned
    } finally {
      if (payload !== undefined) freeBytes(payload)
    }
  }
}
