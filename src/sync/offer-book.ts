/**
 * What other devices have offered, and runs of it checked when they come: the same for one who reads and one who carries.
 *
 * A sender offers heads that the author signed, its own or those it carries. A run is what it claims to be if it ends at
 * a segment that a signed head names, or that the header above it names; who brought it does not matter. What one sender
 * did wrong with a log keeps nobody else from bringing the same log.
 */
import { equalBytes } from '../base/bytes.ts'
import { codeOf, MeshError } from '../base/errors.ts'
import type { Crypto } from '../base/crypto.ts'
import type { DeviceId } from '../model/ids.ts'
import type { LogKey, SegmentHeader, SeqRange } from '../model/segment.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import { decodeSegmentHeader, segmentId } from '../wire/segment-header.ts'
import { verifyHead } from '../wire/signed-head.ts'
import { planWants } from './core/plan-wants.ts'
import { verifyRun } from './core/verify-run.ts'
import type { Sealed } from './serving.ts'

export interface OfferBookDeps {
  readonly crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>
  /** What is here of a log, or was, and is not to be asked for again. */
  readonly held: (log: LogKey) => readonly SeqRange[]
  readonly headerAt: (log: LogKey, seq: number) => { readonly id: Uint8Array; readonly header: Uint8Array } | undefined
  /** A log was frozen by what its author signed. */
  readonly onRefused: (code: ReceiveErrorCode, author: DeviceId) => void
}
export interface WantPlan {
  readonly ranges: readonly LogRange[]
  /** Segments offered and not here. */
  readonly missing: number
  /** Logs that broke a rule: their sender is not in step with us, and asking again would not help. */
  readonly frozen: number
}
export interface ReadHeader {
  readonly header: SegmentHeader
  readonly headerBytes: Uint8Array
  readonly id: Uint8Array
}
export interface VerifiedRun {
  readonly headers: readonly ReadHeader[]
  /** The signed head that vouches for the run, when it is one that ends at it. */
  readonly head: { readonly seq: number; readonly signature: Uint8Array } | undefined
}

export type ReceiveErrorCode =
  | 'SYNC_UNKNOWN_LOG'
  | 'SYNC_BAD_HEAD'
  | 'SYNC_UNTRUSTED_RUN'
  | 'SYNC_BROKEN_CHAIN'
  | 'SYNC_FORK'
  | 'SYNC_GAP'
  | 'SYNC_NO_KEY'
  | 'SYNC_TAMPERED'
  | 'SYNC_TOO_MANY_HEADS'
export class ReceiveError extends MeshError<ReceiveErrorCode> {}

/** What is asked for at once: enough to keep a link busy, little enough that a new head is not kept waiting. */
const WANT_BUDGET = { segments: 1024, ranges: 512 } as const
/** Heads of one sender remembered at once: far more logs than a device has, and a bound on what a hostile one can fill. */
export const MAX_OFFERED_HEADS = 8_192
/** Heads of wants remembered at once, of all senders: four full requests. */
const MAX_ASKED_HEADS = 2_048
/** Codes of refusals that say nothing against the sender: our policy as it is now, our disk, a key or head still on its way. */
const OUR_REASON = /^(?:POLICY_|STORE_|CARRY_|SYNC_NO_KEY$|SYNC_UNTRUSTED_RUN$)/

export class OfferBook {
  readonly #deps: OfferBookDeps
  /** Logs that broke a rule in this run of the agent, by sender: nothing more of them is asked for. */
  readonly #frozen = new Map<DeviceId, Set<string>>()
  /** Logs refused for now, by us (a full disk, a grant just revoked) or by the sender: until they are offered or opened again. */
  readonly #setAside = new Map<DeviceId, Set<string>>()
  /** Heads each sender has offered, by log. */
  readonly #offered = new Map<DeviceId, Map<string, readonly HeadRow[]>>()
  /** The signed heads at the ends of what was asked for last, by log and number. */
  readonly #askedHeads = new Map<string, HeadRow>()

  constructor(deps: OfferBookDeps) {
    this.#deps = deps
  }

  /**
   * Takes a sender's offer; what it said of a log before is forgotten.
   * @throws {ReceiveError} `SYNC_BAD_HEAD` for a head its author did not sign, `SYNC_TOO_MANY_HEADS`
   */
  offer(sender: DeviceId, rows: readonly HeadRow[]): void {
    const offered = setIn(this.#offered, sender, () => new Map<string, readonly HeadRow[]>())
    const byLog = Map.groupBy(rows, keyOf)
    for (const row of rows) this.#requireSigned(row)
    for (const [key, list] of byLog) {
      offered.set(key, list)
      this.#setAside.get(sender)?.delete(key)
    }
    if ([...offered.values()].reduce((sum, list) => sum + list.length, 0) <= MAX_OFFERED_HEADS) return
    throw new ReceiveError('SYNC_TOO_MANY_HEADS', 'more logs than a device can have', {
      details: { MAX_OFFERED_HEADS },
    })
  }

  /** What a sender has offered last of a log. */
  offeredOf(sender: DeviceId, log: LogKey): readonly HeadRow[] {
    return this.#offered.get(sender)?.get(keyOf(log)) ?? []
  }

  /** Everything that a sender has offered last. */
  offeredBy(sender: DeviceId): readonly HeadRow[] {
    return [...(this.#offered.get(sender)?.values() ?? [])].flat()
  }

  /** What is still missing of a sender's last offer, newest first. A log whose head contradicts what is held is frozen. */
  plan(sender: DeviceId, isWanted: (row: HeadRow) => boolean): WantPlan {
    const { held, headerAt, onRefused } = this.#deps
    const wanted = this.offeredBy(sender).filter((row) => isWanted(row))
    const isLeftOut = (row: HeadRow): boolean =>
      [this.#frozen, this.#setAside].some((logs) => logs.get(sender)?.has(keyOf(row)) ?? false)
    const offered = wanted.filter((row) => !isLeftOut(row))
    const heldId = (key: LogKey, seq: number): Uint8Array | undefined => headerAt(key, seq)?.id
    const { ranges, missing, forks } = planWants(offered, held, { budget: WANT_BUDGET, heldId })
    this.#rememberHeads(offered, ranges)
    for (const fork of forks) {
      setIn(this.#frozen, sender, () => new Set()).add(keyOf(fork))
      onRefused('SYNC_FORK', fork.author)
    }
    return { ranges, missing, frozen: wanted.length - offered.length + forks.length }
  }

  /** The sender would not give this range: nothing more of its log is asked of it until that may have changed. */
  setAside(sender: DeviceId, range: LogKey): void {
    setIn(this.#setAside, sender, () => new Set()).add(keyOf(range))
  }

  /** More of an author is open to us now: what was set aside may come. */
  resume(author: DeviceId): void {
    for (const keys of this.#setAside.values())
      for (const key of keys) if (key.startsWith(`${author}/`)) keys.delete(key)
  }

  forget(sender: DeviceId): void {
    this.#offered.delete(sender)
  }

  /** A run could not be taken: its log is set aside if that is our doing, and frozen if it is the sender's. */
  refuse(sender: DeviceId, range: LogKey, err: unknown): void {
    const logs = OUR_REASON.test(codeOf(err)) ? this.#setAside : this.#frozen
    setIn(logs, sender, () => new Set()).add(keyOf(range))
  }

  /** @throws {ReceiveError} if the headers are not the run that they are said to be; {WireError} if one is no header */
  verify(sender: DeviceId, range: LogRange, segments: readonly Sealed[]): VerifiedRun {
    const { headerAt } = this.#deps
    const headers = segments.map(({ header }) => this.#readHeader(range, header))
    const head =
      this.offeredOf(sender, range).find(({ to }) => to === range.to) ??
      this.#askedHeads.get(`${keyOf(range)}/${range.to}`)
    const above = headerAt(range, range.to + 1)
    const expectedLastId = head?.id ?? (above && decodeSegmentHeader(above.header).prev)
    if (expectedLastId === undefined) throw new ReceiveError('SYNC_UNTRUSTED_RUN', 'nothing vouches for this run')
    const verdict = verifyRun({
      range,
      headers: headers.map(({ header, id }) => ({ seq: header.seq, id, prev: header.prev })),
      expectedLastId,
      lowerNeighbourId: headerAt(range, range.from - 1)?.id,
    })
    if (!verdict.ok)
      throw new ReceiveError(verdict.code, 'the run is not the chain it claims', { details: { seq: verdict.seq } })
    return { headers, head: head && { seq: head.to, signature: head.signature } }
  }

  /** Whether a verified segment is here already: two sessions, or a sender that repeats itself, may bring it. */
  isHeld(log: LogKey, { header, id }: Pick<ReadHeader, 'header' | 'id'>): boolean {
    const held = this.#deps.headerAt(log, header.seq)
    if (held === undefined) return false
    if (!equalBytes(held.id, id)) throw new ReceiveError('SYNC_FORK', 'the author signed two histories')
    return true
  }

  /** Heads of what is asked for stay good when newer ones come before the answer: live records must not undo a backfill. */
  #rememberHeads(offered: readonly HeadRow[], ranges: readonly LogRange[]): void {
    const heads = new Map(offered.map((row) => [`${keyOf(row)}/${row.to}`, row]))
    for (const range of ranges) {
      const name = `${keyOf(range)}/${range.to}`
      const head = heads.get(name)
      this.#askedHeads.delete(name) // what is asked for again is the newest
      if (head) this.#askedHeads.set(name, head)
    }
    for (const name of this.#askedHeads.keys()) {
      if (this.#askedHeads.size <= MAX_ASKED_HEADS) return
      this.#askedHeads.delete(name)
    }
  }

  #requireSigned({ author, log, incarnation, to: seq, id, signature }: HeadRow): void {
    if (verifyHead(this.#deps.crypto, { author, log, incarnation, seq, id, signature })) return
    throw new ReceiveError('SYNC_BAD_HEAD', 'a head that its author did not sign')
  }

  #readHeader(range: LogRange, headerBytes: Uint8Array): ReadHeader {
    const header = decodeSegmentHeader(headerBytes)
    const isOfLog =
      header.author === range.author && header.log === range.log && header.incarnation === range.incarnation
    if (!isOfLog) throw new ReceiveError('SYNC_BROKEN_CHAIN', 'a header of another log')
    return { header, headerBytes, id: segmentId(headerBytes, this.#deps.crypto.sha256) }
  }
}

function keyOf({ author, log, incarnation }: LogKey): string {
  return `${author}/${log}/${incarnation}`
}

function setIn<Value>(map: Map<DeviceId, Value>, key: DeviceId, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  map.set(key, value)
  return value
}
