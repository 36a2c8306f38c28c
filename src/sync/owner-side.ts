/**
 * A session as the owner of records: offers what the reader may have, and serves what it asks for, newest first. Every
 * segment is judged once more, on this thread, just before it is written (docs/spec/session.md SE5 to SE8).
 */
import type { DeviceId } from '../model/ids.ts'
import type { HeadRow } from '../wire/log-rows.ts'
import { MAX_ROWS, type SyncMessage, type WantEndReason, type WantMessage } from '../wire/sync-message-types.ts'
import type { Pace } from './bandwidth.ts'
import { chunksOf } from './chunks-of.ts'
import type { ServedRun } from './serving.ts'
import { SessionError } from './session-error.ts'
import type { MeshView, SyncStore } from './sync-store.ts'

export interface OwnerSideDeps {
  readonly peer: DeviceId
  readonly store: Pick<SyncStore, 'rowsFor' | 'digestFor' | 'readRun'>
  readonly view: Pick<MeshView, 'mayLeave'>
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
  /** What was offered in this session, by log and end, so that only news is sent. */
  #offered: ReadonlyMap<string, string> = new Map()
  /** What the digest covers, until it is answered. */
  #covered: readonly HeadRow[] | undefined
  #isOpen = false
  #isServing = false
  #segmentsOut = 0
  #bytesOut = 0

  constructor(deps: OwnerSideDeps) {
    this.#deps = deps
  }

  /** Opens the exchange, once: a reader that has what the digest covers is offered only what comes after. */
  async sendDigest(): Promise<void> {
    const { store, post, peer } = this.#deps
    this.#covered = await store.rowsFor(peer)
    // Taken after the rows, so that it covers every one of them.
    post({ type: 'heads-digest', digest: await store.digestFor(peer) })
  }

  /** @throws {SessionError} `SYNC_OUT_OF_ORDER` for an answer to nothing */
  async onDigestAnswer(isEqual: boolean): Promise<void> {
    if (this.#covered === undefined) throw new SessionError('SYNC_OUT_OF_ORDER', 'no digest was asked about')
    if (isEqual) this.#offered = toOffered(this.#covered)
    this.#covered = undefined
    this.#isOpen = true
    await this.#offer({ all: !isEqual })
  }

  async offerNews(): Promise<void> {
    if (this.#isOpen) await this.#offer({ all: false })
  }

  async #offer({ all }: { readonly all: boolean }): Promise<void> {
    const { store, post, peer, sendControlEntries } = this.#deps
    const rows = await store.rowsFor(peer)
    // Read after the rows, so that the keys of every row are among them: a reader takes nothing it cannot open.
    await sendControlEntries()
    // A log is offered whole, every range of it: the reader's picture of it is the last offer.
    const changed = new Set(rows.filter((row) => this.#offered.get(nameOf(row)) !== endOf(row)).map(logOf))
    const news = all ? rows : rows.filter((row) => changed.has(logOf(row)))
    // What has left the scope is forgotten: should it come back, with a new grant, it is news.
    this.#offered = toOffered(rows)
    const chunks = chunksOf(news, MAX_ROWS)
    for (const chunk of chunks) post({ type: 'heads', rows: chunk, last: chunk === chunks.at(-1) })
    if (all && chunks.length === 0) post({ type: 'heads', rows: [], last: true })
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
    const { store, peer } = this.#deps
    let budget = Math.min(budgetBytes, MAX_WANT_BYTES)
    for (const range of ranges) {
      for (let to = range.to; to >= range.from;) {
        if (budget <= 0) return this.#end('budget')
        const run = await store.readRun(peer, { ...range, to }, budget)
        if (run === 'denied' || !(await this.#sendRun(run))) return this.#end('denied')
        budget -= run.segments.reduce((sum, { sealed }) => sum + sealed.length, 0)
        to = run.from - 1
      }
    }
    return this.#end('done')
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

function toOffered(rows: readonly HeadRow[]): ReadonlyMap<string, string> {
  return new Map(rows.map((row) => [nameOf(row), endOf(row)]))
}

function logOf({ author, log, incarnation }: HeadRow): string {
  return `${author}/${log}/${incarnation}`
}

function nameOf(row: HeadRow): string {
  return `${logOf(row)}/${row.from}`
}

function endOf({ to, id }: HeadRow): string {
  return `${to}/${id.join('.')}`
}
