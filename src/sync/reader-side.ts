/**
 * A session as the reader of another device's records: takes its offers, asks for what is missing, one request at a time,
 * and hands each run over whole (docs/spec/session.md SE5, SE7, SE9, SE10).
 */
import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import { codeOf } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { DeviceId } from '../model/ids.ts'
import type { LogRange } from '../wire/log-rows.ts'
import {
  MAX_ROWS,
  type HeadsDigestMessage,
  type HeadsMessage,
  type SyncMessage,
  type WantEndReason,
} from '../wire/sync-message-types.ts'
import { AskedRanges } from './asked-ranges.ts'
import type { CarryPlan } from './carry-shelf.ts'
import type { CarryStore } from './carry-store.ts'
import { RUN_SEGMENTS } from './core/plan-wants.ts'
import { chunksOf } from './chunks-of.ts'
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
  /** Undefined while nothing goes through carriers in this session. */
  readonly carry: () => CarryStore | undefined
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
  /** What the request under way is for: to read, to carry, or bodies that our disk lost, which nobody offered. */
  #purpose: 'read' | 'carry' | 'restore' = 'read'
  /** Digest over all that the other side carries for us or gives us to carry, as it said last. */
  #carried: Uint8Array | undefined
  /** Why we carry nothing more of the other side's, as we told it last. */
  #refusal: string | undefined
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

  async onHeadsDigest({ digest, carried }: HeadsDigestMessage): Promise<void> {
    const { store, carry, post, peer } = this.#deps
    if (this.#hasDigest) throw new SessionError('SYNC_OUT_OF_ORDER', 'a digest comes once')
    this.#hasDigest = true
    this.#carried = carried
    const seen = carried && ((await carry()?.digestSeen(peer)) ?? new Uint8Array())
    const isEqual = equalBytes(digest, await store.digestOf(peer)) && (!carried || equalBytes(carried, seen ?? carried))
    if (isEqual) await this.#markSynced()
    post({ type: isEqual ? 'in-sync' : 'heads-wanted' })
  }

  async onHeads({ rows, carried, toCarry = false }: HeadsMessage): Promise<void> {
    const { store, carry, post, peer } = this.#deps
    const throughCarriers = carry()
    if (!toCarry) await store.takeOffer(peer, rows)
    else await throughCarriers?.takeOfferToCarry(peer, rows)
    this.#carried = carried ?? this.#carried
    this.#hasOffer = true
    this.#hasNews = true
    this.#inStepUnixMs = undefined
    if (!toCarry && throughCarriers && rows.some(({ author }) => author !== peer)) {
      for (const chunk of chunksOf(await throughCarriers.heldOfOffered(peer), MAX_ROWS)) {
        post({ type: 'ack', rows: chunk })
      }
    }
    await this.#wantMore()
  }

  /** Consent or keys came: what was offered before may be open to us now. */
  async onOpened(): Promise<void> {
    this.#hasNews = true
    if (this.#hasOffer) await this.#wantMore()
  }

  /** What we refused to carry before may be taken by now. */
  async reconsider(): Promise<void> {
    if (this.#refusal !== undefined) await this.onOpened()
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
      await this.#keep(range, segments)
    } catch (err) {
      // The log is frozen or set aside by then; the rest of the session is as good as before.
      const code = codeOf(err)
      this.#deps.log.warn({ peer, code }, 'a run was refused')
      await store.refused(code, peer)
      if (this.#purpose === 'carry') this.#tellRefusal(code)
      return
    }
    this.#segmentsIn += segments.length
    this.#bytesIn += bytes
    post({ type: 'ack', rows: [range] })
  }

  async #keep(range: LogRange, segments: readonly Sealed[]): Promise<void> {
    const { store, carry, post, peer } = this.#deps
    if (this.#purpose === 'restore') return store.takeRestored(peer, range, segments)
    if (this.#purpose === 'read') return store.takeRun(peer, range, segments)
    const receipt = await carry()?.takeCarried(peer, range, segments)
    this.#refusal = undefined
    if (receipt !== undefined && range.author === peer) post({ type: 'receipt', receipt })
  }

  /** Once for each reason: it holds until something is taken again. */
  #tellRefusal(code: string): void {
    if (code === this.#refusal) return
    this.#refusal = code
    this.#deps.post({ type: 'carry-refused', code })
  }

  async onWantEnd(reason: WantEndReason): Promise<void> {
    if (!this.#isWanting) throw new SessionError('SYNC_OUT_OF_ORDER', 'the end of nothing')
    this.#isWanting = false
    this.#takeRun()
    const next = this.#asked.next()
    if (this.#purpose === 'restore') return this.#onRestored(reason === 'budget' && this.#hasRun ? undefined : next)
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
    this.#ask(ranges, 'restore')
  }

  /** @param denied its last segment is not there, or may not be given */
  async #onRestored(denied: LogRange | undefined): Promise<void> {
    this.#purpose = 'read'
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
    const wasCarrying = this.#purpose === 'carry'
    const toRead = await store.planWants(peer, wasCarrying ? undefined : denied)
    // What is to be read comes first, and is here then: what is carried besides is what only others can read.
    const toCarry = await this.#planCarry(wasCarrying ? denied : undefined)
    const missing = toRead.missing + toCarry.missing
    this.#inStepUnixMs = undefined
    const [purpose, { ranges }] = toRead.ranges.length > 0 ? (['read', toRead] as const) : (['carry', toCarry] as const)
    if (ranges.length > 0) {
      this.#hasNews = false
      await store.rememberPeer(peer, { pending: toRead.missing })
      this.#ask(ranges, purpose)
    } else if (missing === 0 && toRead.frozen === 0) {
      await this.#markSynced(toCarry.frozen === 0)
    }
  }

  async #planCarry(denied: LogRange | undefined): Promise<CarryPlan> {
    const plan = (await this.#deps.carry()?.planCarry(this.#deps.peer, denied)) ?? NOTHING_TO_CARRY
    if (plan.refused !== undefined) this.#tellRefusal(plan.refused)
    return plan
  }

  #ask(ranges: readonly LogRange[], purpose: 'read' | 'carry' | 'restore'): void {
    const wanted = ranges.map(({ author, log, incarnation, from, to }) => ({ author, log, incarnation, from, to }))
    this.#purpose = purpose
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

  /** @param tookAll whether nothing that was to be carried was left out either */
  async #markSynced(tookAll = true): Promise<void> {
    const { store, carry, clock, peer } = this.#deps
    const now = clock.now()
    this.#inStepUnixMs = now
    await store.rememberPeer(peer, { syncedUnixMs: now, pending: 0 })
    if (tookAll) await carry()?.tookAll(peer, this.#carried)
  }
}

const NOTHING_TO_CARRY: CarryPlan = { ranges: [], missing: 0, frozen: 0, refused: undefined }
