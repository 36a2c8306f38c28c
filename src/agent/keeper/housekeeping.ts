/**
 * Work on what is stored that nobody waits for: the index and the metrics tiers are kept in shape, what is too old or too much
 * goes, its space is given back, and what the disk altered is found. Each part does a little at a time, between other calls.
 */
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId, GrantId } from '../../model/ids.ts'
import type { Store } from '../../store/store.ts'
import type { Ledger } from '../../sync/ledger.ts'
import type { DamageNotes } from './damage-notes.ts'
import { damageEntries } from './damage-report.ts'
import { DamageWatch } from './damage-watch.ts'
import { MetricUpkeep } from './metric-upkeep.ts'
import { Reindex } from './reindex.ts'
import { Retention, type RetentionDeps } from './retention.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import type { StoredMetrics } from './stored-metrics.ts'
import { readPayload } from './stored-payload.ts'
import type { Turns } from './turns.ts'
import { Upkeep } from './upkeep.ts'

export interface HousekeepingDeps {
  readonly clock: Clock
  readonly crypto: Crypto
  readonly store: Store
  readonly ledger: Ledger
  readonly self: DeviceId
  readonly sealer: SegmentSealer
  readonly metrics: StoredMetrics
  readonly turns: Turns
  /** Does something in a round of the event loop of its own. @returns what takes it back */
  readonly later: (work: () => void) => () => void
  readonly damage: Pick<DamageNotes, 'inIndex' | 'indexIsMade'>
  /** Whether what was shared under a grant is shared no longer. */
  readonly hasEnded: (grantId: GrantId) => boolean
  readonly keepErrors: RetentionDeps['keepErrors']
  readonly onUse: RetentionDeps['onUse']
  /** Keys were destroyed: none may stay in memory. */
  readonly forgetKeys: () => void
  /** There is less to serve and to show, or again what was lost. */
  readonly onChange: () => void
  readonly onFailure: (err: unknown) => void
}

/** A start has the processor to itself: what was left to do can wait for the first questions. */
export const FIRST_UPKEEP_MS = 2_000

export class Housekeeping {
  readonly metricUpkeep: MetricUpkeep
  readonly retention: Retention
  readonly reindex: Reindex
  readonly #deps: HousekeepingDeps
  readonly #upkeep: Upkeep
  readonly #damage: DamageWatch
  #isStopped = false
  #cancelFirst: (() => void) | undefined

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps
    const { clock, crypto, store, ledger, self, sealer, metrics, turns, onFailure } = deps
    this.#upkeep = new Upkeep({
      clock,
      later: deps.later,
      idleMs: () => turns.idleMs(),
      step: () => store.postings.mergeStep() || store.freePages.giveBackSome(),
      onFailure,
    })
    this.metricUpkeep = new MetricUpkeep({ clock, sha256: crypto.sha256, store, metrics, turns, onFailure })
    this.retention = new Retention({
      clock,
      turns,
      store,
      ledger,
      self,
      hasEnded: deps.hasEnded,
      forgetKeys: deps.forgetKeys,
      onUse: deps.onUse,
      payloadOf(log, id) {
        const segment = store.segments.get(id)
        return segment && readPayload({ store, sealer }, log, segment)
      },
      keepErrors: deps.keepErrors,
      onDropped: () => this.#afterDropped(),
      onFailure,
    })
    this.reindex = new Reindex({
      store,
      sealer,
      clock,
      turns,
      onDone: () => {
        deps.damage.indexIsMade()
        this.#upkeep.wake()
        return this.metricUpkeep.reindex()
      },
      onFailure,
    })
    this.#damage = new DamageWatch({
      store,
      clock,
      sha256: crypto.sha256,
      random: () => (crypto.randomBytes(1)[0] as number) / 256,
      turns,
      tell: (found) => {
        for (const entry of damageEntries(store, self, found)) ledger.append(entry)
      },
      onChange: deps.onChange,
      onFailure,
    })
  }

  start(): void {
    this.#cancelFirst = this.#deps.clock.after(FIRST_UPKEEP_MS, () => {
      this.reclaim()
      this.reindex.resume()
    })
    this.metricUpkeep.start()
    this.retention.start()
    this.#damage.start()
    this.#deps.store.watchIndex((err) => {
      this.#deps.damage.inIndex(err)
      this.reindex.repair()
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelFirst?.()
    this.reindex.stop()
    this.metricUpkeep.stop()
    this.retention.stop()
    this.#upkeep.stop()
    this.#damage.stop()
  }

  /** Segments were stored, of ours or of another device. */
  grew(): void {
    this.#upkeep.wake()
    this.retention.grew()
  }

  /** Gives back the space of what was deleted, when there is time. */
  reclaim(): void {
    const { turns, store, onFailure } = this.#deps
    this.#upkeep.wake()
    turns
      .upkeep(() => reclaimAll(store))
      .catch((err: unknown) => {
        if (!this.#isStopped) onFailure(err)
      })
  }

  /** Readers are told what there is now, so that they do not ask for what is gone. */
  #afterDropped(): void {
    this.#deps.store.postings.prune()
    this.reclaim()
    this.#deps.onChange()
  }
}

/** Of our records, and of what is carried. */
function* reclaimAll({ packs, carriedPacks }: Pick<Store, 'packs' | 'carriedPacks'>): Steps<void> {
  yield* packs.reclaim()
  yield* carriedPacks.reclaim()
}
