/**
 * A session as the reader of another device's records: takes its offers, asks for what is missing, one request at a time,
 * and hands each run over whole (docs/spec/session.md SE5, SE7, SE9, SE10).
 */
import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { DeviceId } from '../model/ids.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import type { SyncMessage, WantEndReason } from '../wire/sync-message-types.ts'
import { AskedRanges } from './asked-ranges.ts'
import { RUN_SEGMENTS } from './core/plan-wants.ts'
import { MAX_WANT_BYTES } from './owner-side.ts'
import { MAX_RUN_BYTES, type Sealed } from './serving.ts'
import { SessionError } from './session-error.ts'
import type { SyncStore } from './sync-store.ts'

export interface ReaderSideDeps {
  readonly peer: DeviceId
  readonly clock: Clock
  readonly log: Logger
  readonly store: Pick<
    SyncStore,
    'digestOf' | 'takeOffer' | 'planWants' | 'takeRun' | 'planRestore' | 'takeRestored' | 'rememberPeer' | 'refused'
  >
  readonly post: (message: SyncMessage) => void
}
/**
 * How far behind the last word of an owner its records may be, in milliseconds: records stay open for up to 5 s before
 * they are cut, and are offered when their keys have been handed over.
 */
export const OFFER_DELAY_MS = 10_000

export interface ReaderTraffic {
  readonly segmentsIn: number
  readonly bytesIn: number
}

export class ReaderSide {
  readonly #deps: ReaderSideDeps
  readonly #asked = new AskedRanges()
  #isWanting = false
  /** Whether the request under way is for bodies that our disk lost, which nobody offered. */
  #isRestoring = false
  /** Whether something was offered or opened while bodies are asked for again. */
  #isDue = false
  /** Whether the request under way has brought anything. */
  #hasRun = false
  #hasDigest = false
  #hasOffer = false
  /** Whether something was offered or opened since the request under way: its answer may be out of date. */
  #hasNews = false
  /** When we were last found to have all that was offered; undefined while something is missing. */
  #inStepUnixMs: number | undefined
  #run: Sealed[] = []
  #runBytes = 0
  #segmentsIn = 0
  #bytesIn = 0

  constructor(deps: ReaderSideDeps) {
    this.#deps = deps
  }

  async onHeadsDigest(digest: Uint8Array): Promise<void> {
    const { store, post, peer } = this.#deps
    if (this.#hasDigest) throw new SessionError('SYNC_OUT_OF_ORDER', 'a digest comes once')
    this.#hasDigest = true
    const isEqual = equalBytes(digest, await store.digestOf(peer))
    if (isEqual) await this.#markSynced()
    post({ type: isEqual ? 'in-sync' : 'heads-wanted' })
  }

  async onHeads(rows: readonly HeadRow[]): Promise<void> {
    await this.#deps.store.takeOffer(this.#deps.peer, rows)
    this.#hasOffer = true
    this.#hasNews = true
    this.#inStepUnixMs = undefined
    await this.#wantMore()
  }

  /** Consent or keys came: what was offered before may be open to us now. */
  async onOpened(): Promise<void> {
    this.#hasNews = true
    if (this.#hasOffer) await this.#wantMore()
  }

  onSegment({ header, sealed }: Sealed): void {
    if (!this.#isWanting) throw new SessionError('SYNC_OUT_OF_ORDER', 'a segment that nobody asked for')
    this.#run.push({ header, sealed })
    this.#runBytes += sealed.length
    // One segment over the bound is allowed: a run holds at least one, however large.
    const isTooLarge = this.#run.length > 1 && this.#runBytes > MAX_RUN_BYTES + sealed.length
    if (this.#run.length > RUN_SEGMENTS || isTooLarge) {
      throw new SessionError('SYNC_RUN_TOO_LARGE', 'a run larger than a run may be')
    }
  }

  async onRunEnd({ author, log, incarnation, from, to }: LogRange): Promise<void> {
    const { store, post, peer } = this.#deps
    const { segments, bytes } = this.#takeRun()
    const range = { author, log, incarnation, from, to }
    if (!this.#isWanting || !this.#asked.take(range)) {
      throw new SessionError('SYNC_OUT_OF_ORDER', 'a run that nobody asked for')
    }
    this.#hasRun = true
    try {
      await (this.#isRestoring ? store.takeRestored(peer, range, segments) : store.takeRun(peer, range, segments))
    } catch (err) {
      // The log is frozen or set aside by then; the rest of the session is as good as before.
      this.#deps.log.warn({ peer, code: codeOf(err) }, 'a run was refused')
      await store.refused(codeOf(err), peer)
      return
    }
    this.#segmentsIn += segments.length
    this.#bytesIn += bytes
    post({ type: 'ack', rows: [range] })
  }

  async onWantEnd(reason: WantEndReason): Promise<void> {
    if (!this.#isWanting) throw new SessionError('SYNC_OUT_OF_ORDER', 'the end of nothing')
    this.#isWanting = false
    this.#takeRun()
    const next = this.#asked.next()
    if (this.#isRestoring) return this.#onRestored(reason === 'budget' && this.#hasRun ? undefined : next)
    // Denied: consent has changed under the request. The other logs go on; this one when it is offered or opened again.
    // An answer with nothing in it counts as denied, or asking would never end.
    const isDenied = next !== undefined && !this.#hasNews && (reason === 'denied' || !this.#hasRun)
    await this.#wantMore(isDenied ? next : undefined)
  }

  /** From time to time: bodies that our disk has lost meanwhile are asked for, if nothing else is. */
  async restoreLost(denied?: LogRange): Promise<void> {
    if (this.#isWanting) return
    const ranges = await this.#deps.store.planRestore(this.#deps.peer, denied)
    if (ranges.length === 0) return
    this.#isRestoring = true
    this.#ask(ranges)
  }

  /** @param denied its last segment is not there, or may not be given */
  async #onRestored(denied: LogRange | undefined): Promise<void> {
    this.#isRestoring = false
    await this.restoreLost(denied && { ...denied, from: denied.to })
    if (!this.#isWanting && this.#isDue) await this.#wantMore()
  }

  /** The owner was heard, and news of it would have come before: until when we are known to be in step, if we are. */
  stillInStep(): { readonly syncedUnixMs?: number } {
    if (this.#inStepUnixMs === undefined) return {}
    this.#inStepUnixMs = Math.max(this.#inStepUnixMs, this.#deps.clock.now() - OFFER_DELAY_MS)
    return { syncedUnixMs: this.#inStepUnixMs }
  }

  traffic(): ReaderTraffic {
    return { segmentsIn: this.#segmentsIn, bytesIn: this.#bytesIn }
  }

  async #wantMore(denied?: LogRange): Promise<void> {
    if (this.#isWanting) {
      this.#isDue = true
      return
    }
    this.#isDue = false
    const { store, peer } = this.#deps
    const { ranges, missing, frozen } = await store.planWants(peer, denied)
    this.#inStepUnixMs = undefined
    if (ranges.length > 0) {
      this.#hasNews = false
      await store.rememberPeer(peer, { pending: missing })
      this.#ask(ranges)
    } else if (missing === 0 && frozen === 0) {
      await this.#markSynced()
    }
  }

  #ask(ranges: readonly LogRange[]): void {
    const wanted = ranges.map(({ author, log, incarnation, from, to }) => ({ author, log, incarnation, from, to }))
    this.#isWanting = true
    this.#hasRun = false
    this.#asked.ask(wanted)
    this.#deps.post({ type: 'want', ranges: wanted, budgetBytes: MAX_WANT_BYTES })
  }

  #takeRun(): { readonly segments: readonly Sealed[]; readonly bytes: number } {
    const run = { segments: this.#run, bytes: this.#runBytes }
    this.#run = []
    this.#runBytes = 0
    return run
  }

  #markSynced(): Promise<void> {
    const { store, clock, peer } = this.#deps
    const now = clock.now()
    this.#inStepUnixMs = now
    return store.rememberPeer(peer, { syncedUnixMs: now, pending: 0 })
  }
}
