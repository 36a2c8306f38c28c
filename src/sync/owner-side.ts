/**
 * A session as the owner of records: offers what the reader may have, and serves what it asks for, newest first. Every
 * segment is judged once more, on this thread, just before it is written (docs/spec/session.md SE5 to SE8).
 */
import type { DeviceId } from '../model/ids.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import { MAX_ROWS, type SyncMessage, type WantEndReason, type WantMessage } from '../wire/sync-message-types.ts'
import type { Pace } from './bandwidth.ts'
import type { CarriedOffer, CarryStore } from './carry-store.ts'
import { chunksOf } from './chunks-of.ts'
import { OfferedRows } from './offered-rows.ts'
import type { ServedRun } from './serving.ts'
import { SessionError } from './session-error.ts'
import type { MeshView, SyncStore } from './sync-store.ts'

export interface OwnerSideDeps {
  readonly peer: DeviceId
  readonly store: Pick<SyncStore, 'rowsFor' | 'digestFor' | 'readRun'>
  /** Undefined while nothing goes through carriers in this session. */
  readonly carry: () => Pick<CarryStore, 'offerFor' | 'readCarried'> | undefined
  readonly view: Pick<MeshView, 'self' | 'mayLeave'>
  /** Sends what our control log holds for the reader and it does not have yet. */
  readonly sendControlEntries: () => Promise<void>
  /** Writes without waiting for room. */
  readonly post: (message: SyncMessage) => void
  /** Writes against back-pressure. */
  readonly send: (message: SyncMessage) => Promise<void>
  readonly pace: Pick<Pace, 'until' | 'spend'>
  readonly onFailure: (err: unknown) => void
}
export interface OwnerTraffic {
  readonly segmentsOut: number
  readonly bytesOut: number
}

/** Sealed bytes served for one request at most: a few runs, so that new heads are never kept waiting for long. */
export const MAX_WANT_BYTES = 16 << 20

export class OwnerSide {
  readonly #deps: OwnerSideDeps
  readonly #toRead = new OfferedRows()
  readonly #toCarry = new OfferedRows()
  /** What the digests cover, until they are answered. */
  #covered: CarriedOffer | undefined
  #isOpen = false
  #isServing = false
  #segmentsOut = 0
  #bytesOut = 0

  constructor(deps: OwnerSideDeps) {
    this.#deps = deps
  }

  /** Opens the exchange, once: a reader that has what the digests cover is offered only what comes after. */
  async sendDigest(): Promise<void> {
    const { store, post, peer } = this.#deps
    this.#covered = await this.#offerNow()
    // Taken after the rows, so that it covers every one of them.
    const digest = await store.digestFor(peer)
    post({ type: 'heads-digest', digest, carried: this.#covered.digest })
  }

  /** @throws {SessionError} `SYNC_OUT_OF_ORDER` for an answer to nothing */
  async onDigestAnswer(isEqual: boolean): Promise<void> {
    if (this.#covered === undefined) throw new SessionError('SYNC_OUT_OF_ORDER', 'no digest was asked about')
    if (isEqual) {
      this.#toRead.set(this.#covered.toRead)
      this.#toCarry.set(this.#covered.toCarry)
    }
    this.#covered = undefined
    this.#isOpen = true
    await this.#offer({ all: !isEqual })
  }

  async offerNews(): Promise<void> {
    if (this.#isOpen) await this.#offer({ all: false })
  }

  async #offer({ all }: { readonly all: boolean }): Promise<void> {
    const { post, sendControlEntries } = this.#deps
    const now = await this.#offerNow()
    // Read after the rows, so that the keys of every row are among them: a reader takes nothing it cannot open.
    await sendControlEntries()
    const [readNews, carryNews] = [this.#toRead.news(now.toRead), this.#toCarry.news(now.toCarry)]
    const messages: SyncMessage[] = [
      ...headsOf(all ? now.toRead : readNews),
      ...headsOf(all ? now.toCarry : carryNews, true),
    ]
    if (all && messages.length === 0) messages.push({ type: 'heads', rows: [], last: true })
    const last = messages.pop()
    for (const message of messages) post(message)
    if (last?.type === 'heads') post({ ...last, last: true, carried: now.digest })
  }

  /** Ours for the other side, what we carry for it, and what it may carry. */
  async #offerNow(): Promise<CarriedOffer> {
    const { store, carry, peer } = this.#deps
    const ours = await store.rowsFor(peer)
    const { toRead, toCarry, digest } = (await carry()?.offerFor(peer)) ?? NOTHING_CARRIED
    return { toRead: [...ours, ...toRead], toCarry, digest }
  }

  onWant(want: WantMessage): void {
    if (this.#isServing) throw new SessionError('SYNC_OUT_OF_ORDER', 'one request at a time')
    this.#isServing = true
    // Beside the reading loop, so that a ping or a revocation does not wait for megabytes.
    this.#serve(want).catch((err: unknown) => this.#deps.onFailure(err))
  }

  traffic(): OwnerTraffic {
    return { segmentsOut: this.#segmentsOut, bytesOut: this.#bytesOut }
  }

  async #serve({ ranges, budgetBytes }: WantMessage): Promise<void> {
    let budget = Math.min(budgetBytes, MAX_WANT_BYTES)
    for (const range of ranges) {
      for (let to = range.to; to >= range.from;) {
        if (budget <= 0) return this.#end('budget')
        const run = await this.#read({ ...range, to }, budget)
        if (run === 'denied' || !(await this.#sendRun(run))) return this.#end('denied')
        budget -= run.segments.reduce((sum, { sealed }) => sum + sealed.length, 0)
        to = run.from - 1
      }
    }
    return this.#end('done')
  }

  #read(range: LogRange, budgetBytes: number): Promise<ServedRun | 'denied'> {
    const { store, carry, view, peer } = this.#deps
    const carried = range.author === view.self().deviceId || range.author === peer ? undefined : carry()
    return carried?.readCarried(peer, range, budgetBytes) ?? store.readRun(peer, range, budgetBytes)
  }

  async #end(reason: WantEndReason): Promise<void> {
    this.#isServing = false
    await this.#deps.send({ type: 'want-end', reason })
  }

  /** @returns false, with nothing more written, as soon as the decision has turned */
  async #sendRun({ segments, asked, ...range }: ServedRun): Promise<boolean> {
    const { view, send, pace } = this.#deps
    for (const { header, sealed } of segments) {
      await pace.until('up') // before the decision, which must not be older than the write
      if (!asked.every((request) => view.mayLeave(request))) return false
      await send({ type: 'segment', header, sealed })
      this.#segmentsOut++
      this.#bytesOut += header.length + sealed.length
      pace.spend('up', header.length + sealed.length)
    }
    await send({ type: 'run-end', ...range })
    return true
  }
}

const NOTHING_CARRIED: CarriedOffer = { toRead: [], toCarry: [], digest: undefined }

function headsOf(rows: readonly HeadRow[], toCarry?: true): readonly SyncMessage[] {
  return chunksOf(rows, MAX_ROWS).map((chunk) => ({ type: 'heads', rows: chunk, last: false, toCarry }))
}
