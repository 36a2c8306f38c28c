/**
 * Keeps what is stored within the limits its owner set (docs/spec/retention.md): looks every hour and whenever a lane may have
 * outgrown its room, in steps between queries and calls. A run that fails is told and tried again, less and less often.
 */
import type { Clock } from '../../base/clock.ts'
import type { Steps } from '../../base/steps.ts'
import { STORED_LANES, type StoredLane } from '../../model/lane.ts'
import type { Stage } from '../../model/stage.ts'
import type { StorageUse } from '../../policy/notifications/nearly-full.ts'
import { readLimits, SLACK, type LaneLimits, type RetentionLimits } from '../../policy/retention.ts'
import type { HoldScope } from '../../store/hold-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import { AgeClock } from './age-clock.ts'
import { BackOff } from './back-off.ts'
import { SETTING } from './device-settings.ts'
import { dropAboveStage, type AboveStageRun, type DroppedAbove } from './drop-above-stage.ts'
import { dropSegments } from './drop-segments.ts'
import { heldSegments } from './held-segments.ts'
import { retireKeys, type RetireKeysDeps } from './retire-keys.ts'
import { tellDropped } from './tell-dropped.ts'
import type { Turns } from './turns.ts'

/** From the start to the first look, in milliseconds: whoever starts the agent waits for other things. */
export const FIRST_LOOK_MS = 60_000
/** How often ages are looked at. */
export const LOOK_EVERY_MS = 3_600_000
/** Longest time between two tries of a run that fails. */
const RETRY_MAX_MS = LOOK_EVERY_MS
/** A lane is looked at again once so much was stored since, or a fraction of the smallest limit, whichever is less. */
const LOOK_AT_BYTES = 16 << 20
/** This part of the smallest quota: more often would cost much where a small quota stands beside a large store. */
const LOOK_AT_QUOTA = 1 / 4

export interface RetentionDeps extends RetireKeysDeps {
  readonly clock: Clock
  readonly turns: Turns
  /** Keys were destroyed: none may stay in memory. */
  readonly forgetKeys: () => void
  /** Undefined for a segment that cannot be read. */
  readonly payloadOf: AboveStageRun['payloadOf']
  readonly keepErrors: AboveStageRun['keepErrors']
  /** How much there was under each limit, when it was looked at. */
  readonly onUse: (uses: readonly StorageUse[]) => void
  /** Segments were dropped: there is space to give back, and less to offer. */
  readonly onDropped: () => void
  readonly onFailure: (err: unknown) => void
}

export class Retention {
  readonly #deps: RetentionDeps
  readonly #backOff = new BackOff(FIRST_LOOK_MS, RETRY_MAX_MS)
  #cancel: (() => void) | undefined
  #running: Promise<void> | undefined
  #isStopped = false
  readonly #ageClock: AgeClock
  /** Bytes stored since the room of lanes was looked at, and the last segment among them. */
  #grown: { readonly upTo: SegmentRowId; readonly bytes: number } = { upTo: 0, bytes: 0 }
  /** Changes with the limits, and with every hold that is placed or lifted. */
  #version = 0
  /** When keys were last looked at, and the audit log told. */
  #settledAtMs = Number.NEGATIVE_INFINITY

  constructor(deps: RetentionDeps) {
    this.#deps = deps
    const { clock, store } = deps
    this.#ageClock = new AgeClock({
      clock,
      load: () => store.settings.get(SETTING.retentionLooked) as number | undefined,
      save: (unixMs) => store.settings.set(SETTING.retentionLooked, unixMs),
    })
  }

  start(): void {
    this.#grown = { upTo: this.#deps.store.segments.lastId(), bytes: 0 }
    this.#runAfter(FIRST_LOOK_MS)
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  /** Writes down when the newest segments were stored: what a run leaves is as old as it is. */
  noteStored(): void {
    const { store, clock } = this.#deps
    store.arrivals.note(store.segments.lastId(), clock.now())
  }

  limits(): RetentionLimits {
    return readLimits(this.#deps.store.settings.get(SETTING.retention))
  }

  /** Segments were stored. */
  grew(): void {
    if (this.#running !== undefined || this.#isStopped) return
    const { store } = this.#deps
    const added = store.kept.bytesAbove(this.#grown.upTo)
    this.#grown = { upTo: store.segments.lastId(), bytes: this.#grown.bytes + added }
    const limits = this.limits()
    const rooms = STORED_LANES.map((lane) => limits[lane].maxBytes * SLACK)
    const quotas = store.quotas.all().map(({ maxBytes }) => maxBytes * LOOK_AT_QUOTA)
    if (this.#grown.bytes >= Math.min(LOOK_AT_BYTES, ...rooms, ...quotas)) void this.run()
  }

  /** From the next step on nothing that it keeps is dropped. */
  holdsChanged(): void {
    this.#version++
  }

  /** In force from the next step on. What is too much now goes soon. */
  limitsChanged(): void {
    this.#version++
    void this.run()
  }

  /** In force at once, and audited before. What is too much now goes soon. @throws what the ledger throws */
  setLimits(lane: StoredLane, change: Partial<LaneLimits>): RetentionLimits {
    const { store, ledger, self } = this.#deps
    const before = this.limits()
    const after: RetentionLimits = { ...before, [lane]: { ...before[lane], ...change } }
    ledger.append({
      type: 'retention.changed',
      outcome: 'success',
      actor: { kind: 'user', ref: self },
      object: { kind: 'policy', ref: 'retention' },
      payload: { lane, from: wordsOf(before[lane]), to: wordsOf(after[lane]) },
    })
    store.settings.set(SETTING.retention, after)
    this.limitsChanged()
    return after
  }

  /** Does all there is to do now. Resolves after a failure too: that was told. */
  run(): Promise<void> {
    this.#running ??= this.#run().then((nextMs) => {
      this.#running = undefined
      this.#runAfter(nextMs)
    })
    return this.#running
  }

  /** @returns when to run again */
  async #run(): Promise<number> {
    const { turns, onFailure } = this.#deps
    this.#cancel?.()
    try {
      await turns.upkeep(() => this.steps())
      this.#backOff.succeeded()
      return LOOK_EVERY_MS
    } catch (err) {
      const waitMs = this.#backOff.waitMs()
      this.#backOff.failed()
      if (!this.#isStopped) onFailure(err)
      return waitMs
    }
  }

  #runAfter(delayMs: number): void {
    if (!this.#isStopped) this.#cancel = this.#deps.clock.after(delayMs, () => void this.run())
  }

  /** Drops what was kept above a stage, and destroys the keys of which nothing is left. */
  *dropAbove(stage: Stage): Steps<DroppedAbove> {
    const { store, clock, payloadOf, keepErrors, forgetKeys, onDropped } = this.#deps
    let records = 0
    for (;;) {
      const version = this.#version
      const upTo = store.segments.lastId()
      const held = yield* heldSegments(store, this.#holds())
      const isCurrent = (): boolean => version === this.#version
      const run = { store, stage, held, nowMs: clock.now(), upTo, isCurrent, payloadOf, keepErrors }
      const dropped = yield* dropAboveStage(run)
      records += dropped.records
      if (!isCurrent()) continue
      if (records > 0) onDropped()
      if ((yield* retireKeys(this.#deps, this.limits(), clock.now())) > 0) forgetKeys()
      return { records, held: dropped.held }
    }
  }

  #holds(): readonly HoldScope[] {
    return this.#deps.store.holds.all().map(({ scope }) => scope)
  }

  /** One run. What a crash leaves undone is done by the next. */
  *steps(): Steps<void> {
    const { store, clock, ledger, self, forgetKeys, onDropped } = this.#deps
    const { nowMs, isTrusted } = this.#ageClock.look()
    this.#grown = { upTo: store.segments.lastId(), bytes: 0 }
    this.noteStored()
    let dropped = 0
    for (let version = -1; version !== this.#version;) {
      version = this.#version
      dropped += yield* this.#dropAll(nowMs, isTrusted, () => version === this.#version)
    }
    if (dropped > 0) onDropped()
    // A lane that is always full drops all the time: once an hour is often enough for the rest.
    if (clock.monotonic() - this.#settledAtMs < LOOK_EVERY_MS) return
    if (isTrusted && (yield* retireKeys(this.#deps, this.limits(), nowMs)) > 0) forgetKeys()
    store.arrivals.forgetBefore(store.segments.nextId(0) ?? this.#grown.upTo)
    tellDropped(store, ledger, self)
    this.#settledAtMs = clock.monotonic()
  }

  *#dropAll(nowMs: number, isClockTrusted: boolean, isCurrent: () => boolean): Steps<number> {
    const { store, onUse } = this.#deps
    // Before the holds are looked up: what comes meanwhile may belong to one of them.
    const upTo = store.segments.lastId()
    const held = yield* heldSegments(store, this.#holds())
    const limits = this.limits()
    const quotas = store.quotas.all()
    return yield* dropSegments({ store, limits, quotas, held, nowMs, upTo, isClockTrusted, isCurrent, onUse })
  }
}

function wordsOf({ maxAgeDays, maxBytes }: LaneLimits): string {
  return `${maxAgeDays} days, ${maxBytes} bytes`
}
