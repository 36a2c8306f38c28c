/**
 * The reader's side of sync: which segments to ask an owner for, and runs taken in.
 *
 * Nothing is kept that is not proven: the run ends at a segment that a signed head names, or that the header above it
 * names; every body is the one its header commits to and opens under a key the owner handed over. A run is kept whole or
 * not at all, and only then acknowledged.
 */
import type { Crypto } from '../base/crypto.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import { codeOf, MeshError } from '../base/errors.ts'
import type { DeviceId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { LogKey, SegmentHeader, SeqRange } from '../model/segment.ts'
import type { ShareRequest, ShareView } from '../policy/decide-share.ts'
import { openedScopes } from '../policy/opened-scopes.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import type { SegmentBody } from '../wire/segment-body.ts'
import { decodeSegmentHeader, segmentId } from '../wire/segment-header.ts'
import { verifyHead } from '../wire/signed-head.ts'
import { headsDigest } from './core/heads-digest.ts'
import { keyCommitment, moduleKey, partKey } from './core/key-tree.ts'
import { planWants } from './core/plan-wants.ts'
import { verifyRun } from './core/verify-run.ts'
import { openSegment } from './core/seal-segment.ts'
import { scopeOf, type ScopedLog, type ScopeSource } from './scope.ts'
import type { Sealed } from './serving.ts'

export interface HeldKey {
  readonly n: number
  readonly startedUnixMs: number
  /** Undefined: the key of the whole lane. */
  readonly module: string | undefined
  readonly key: Uint8Array
}
/** A body that opened, before it is judged and kept. */
export interface OpenedSegment {
  readonly header: SegmentHeader
  readonly headerBytes: Uint8Array
  readonly id: Uint8Array
  readonly epoch: number
  readonly body: SegmentBody
  readonly sealed: Uint8Array
}
export interface ReceivingDeps {
  readonly crypto: Crypto
  readonly self: DeviceId
  readonly source: ScopeSource & {
    findLog(key: LogKey): ScopedLog | undefined
    headerAt(rowId: number, seq: number): { readonly id: Uint8Array; readonly header: Uint8Array } | undefined
    keysOf(owner: DeviceId, lane: Lane): readonly HeldKey[]
  }
  readonly view: (owner: DeviceId) => ShareView
  /** The one door in and the commit: keeps all of them, durably, or throws and keeps none. */
  readonly keep: (
    log: ScopedLog,
    segments: readonly (OpenedSegment & { readonly request: ShareRequest })[],
    head: { readonly seq: number; readonly signature: Uint8Array } | undefined,
  ) => void
  /** A log was frozen by what its owner offered. */
  readonly onRefused: (code: ReceiveErrorCode, owner: DeviceId) => void
}

export interface WantPlan {
  readonly ranges: readonly LogRange[]
  /** Segments offered and not here. */
  readonly missing: number
  /** Logs that broke a rule: their owner is not in step with us, and asking again would not help. */
  readonly frozen: number
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
/** Heads of one owner remembered at once: far more logs than a device has, and a bound on what a hostile one can fill. */
export const MAX_OFFERED_HEADS = 8_192
/** Heads of wants remembered at once, of all owners: four full requests. */
const MAX_ASKED_HEADS = 2_048
/** Codes of refusals that say nothing against the owner: our policy as it is now, our disk, a key or head still on its way. */
const OUR_REASON = /^(?:POLICY_|STORE_|SYNC_NO_KEY$|SYNC_UNTRUSTED_RUN$)/
/** Keys derived and kept at once: one per module and epoch in use. */
const MAX_CACHED_KEYS = 512

export class Receiving {
  readonly #deps: ReceivingDeps
  /** Logs that broke a rule in this run of the agent: nothing more of them is asked for. */
  readonly #frozen = new Set<string>()
  /** Logs refused for now, by us (a full disk, a grant just revoked) or by their owner: until they are offered or opened again. */
  readonly #setAside = new Set<string>()
  /** Heads each owner has offered and signed, by log. */
  readonly #offered = new Map<DeviceId, Map<string, readonly HeadRow[]>>()
  /** The signed heads at the ends of what was asked for last, by log and number. */
  readonly #askedHeads = new Map<string, HeadRow>()
  readonly #partKeys = new Map<string, { readonly partKey: Uint8Array; readonly epoch: HeldKey }>()

  constructor(deps: ReceivingDeps) {
    this.#deps = deps
  }

  /** Digest over what we hold of what the owner lets us have; equal to the owner's when nothing is missing. */
  digestOf(owner: DeviceId): Uint8Array {
    const { source, view, self, crypto } = this.#deps
    return headsDigest(scopeOf(source, view(owner), owner, self), crypto.sha256)
  }

  /**
   * Takes an owner's offer and says what to ask for. Logs we were not told of wait until we are. One whose head contradicts
   * what its owner signed before is frozen.
   * @throws {ReceiveError} `SYNC_BAD_HEAD` for a head the owner did not sign, `SYNC_TOO_MANY_HEADS`
   */
  offer(owner: DeviceId, rows: readonly HeadRow[]): WantPlan {
    const byLog = new Map<string, HeadRow[]>()
    for (const row of rows) {
      this.#requireSigned(owner, row)
      const key = keyOf(row)
      byLog.set(key, [...(byLog.get(key) ?? []), row])
    }
    const offered = this.#offered.get(owner) ?? new Map<string, readonly HeadRow[]>()
    for (const [key, list] of byLog) {
      offered.set(key, list)
      this.#setAside.delete(key)
    }
    if ([...offered.values()].reduce((sum, list) => sum + list.length, 0) > MAX_OFFERED_HEADS) {
      throw new ReceiveError('SYNC_TOO_MANY_HEADS', 'more logs than a device can have', {
        details: { MAX_OFFERED_HEADS },
      })
    }
    this.#offered.set(owner, offered)
    return this.plan(owner)
  }

  /** The owner would not give this range: nothing more of its log is asked for until that may have changed. */
  setAside(range: LogRange): void {
    this.#setAside.add(keyOf(range))
  }

  /** The owner told us more of what it opens to us: what was set aside may come now. */
  resume(owner: DeviceId): void {
    for (const key of this.#setAside) if (key.startsWith(`${owner}/`)) this.#setAside.delete(key)
  }

  /** What is still missing of the owner's last offer, newest first. */
  plan(owner: DeviceId): WantPlan {
    const { source, onRefused } = this.#deps
    const isOpened = this.#openedBy(owner)
    const known = [...(this.#offered.get(owner)?.values() ?? [])].flat().filter((row) => {
      const log = source.findLog(row)
      return log !== undefined && isOpened(log)
    })
    const offered = known.filter((row) => !this.#frozen.has(keyOf(row)) && !this.#setAside.has(keyOf(row)))
    const held = (key: LogKey): readonly SeqRange[] => {
      const log = source.findLog(key)
      return log ? source.runs(log.rowId) : []
    }
    const heldId = (key: LogKey, seq: number): Uint8Array | undefined => {
      const log = source.findLog(key)
      return log && source.headerAt(log.rowId, seq)?.id
    }
    const { ranges, missing, forks } = planWants(offered, held, { budget: WANT_BUDGET, heldId })
    this.#rememberHeads(offered, ranges)
    for (const fork of forks) {
      this.#frozen.add(keyOf(fork))
      onRefused('SYNC_FORK', owner)
    }
    return { ranges, missing, frozen: known.length - offered.length + forks.length }
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

  /** Whether a live grant names a log's lane and module: what no grant opens is not even asked for. */
  #openedBy(owner: DeviceId): (log: ScopedLog) => boolean {
    const scopes = openedScopes(this.#deps.view(owner), owner, this.#deps.self)
    return ({ lane, module }) =>
      scopes.some((scope) => scope.lane === lane && (scope.modules?.includes(module) ?? true))
  }

  /** Keys were destroyed: none that was made of them stays in memory. */
  forgetKeys(): void {
    this.#partKeys.clear()
  }

  forget(owner: DeviceId): void {
    this.#offered.delete(owner)
  }

  /** @throws {ReceiveError}, and what the door throws; nothing of the run is kept then, and its log is frozen or set aside. */
  take(owner: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    try {
      this.#take(owner, range, segments)
    } catch (err) {
      const refused = OUR_REASON.test(codeOf(err)) ? this.#setAside : this.#frozen
      refused.add(keyOf(range))
      throw err
    }
  }

  #take(owner: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    const { source, keep, self } = this.#deps
    const log = range.author === owner ? source.findLog(range) : undefined
    if (log === undefined) throw new ReceiveError('SYNC_UNKNOWN_LOG', 'a run of a log we were not told of')
    const headers = segments.map(({ header }) => this.#readHeader(range, header))
    const head = this.#verifyChain(log, range, headers)
    const opened = segments.map(({ sealed }, i) => {
      const header = headers[i] as ReadHeader
      const { epoch, body } = this.#open(log, header, sealed)
      const { lane, module, part } = log
      const request = { owner, recipient: self, lane, module, part, epochStartedUnixMs: epoch.startedUnixMs }
      return { ...header, epoch: epoch.n, body, sealed, request }
    })
    keep(
      log,
      opened.filter((segment) => !this.#isHeld(log, segment)),
      head,
    )
  }

  /** Union is idempotent: two sessions, or an owner that repeats itself, may bring what is here. */
  #isHeld(log: ScopedLog, { header, id }: OpenedSegment): boolean {
    const held = this.#deps.source.headerAt(log.rowId, header.seq)
    if (held === undefined) return false
    if (!equalBytes(held.id, id)) throw new ReceiveError('SYNC_FORK', 'the owner signed two histories')
    return true
  }

  #requireSigned(owner: DeviceId, row: HeadRow): void {
    const { author, log, incarnation, to: seq, id, signature } = row
    if (author !== owner || !verifyHead(this.#deps.crypto, { author, log, incarnation, seq, id, signature })) {
      throw new ReceiveError('SYNC_BAD_HEAD', 'a head that its owner did not sign')
    }
  }

  #readHeader(range: LogRange, headerBytes: Uint8Array): ReadHeader {
    const header = decodeSegmentHeader(headerBytes)
    const isOfLog =
      header.author === range.author && header.log === range.log && header.incarnation === range.incarnation
    if (!isOfLog) throw new ReceiveError('SYNC_BROKEN_CHAIN', 'a header of another log')
    return { header, headerBytes, id: segmentId(headerBytes, this.#deps.crypto.sha256) }
  }

  /** @returns the signed head that vouches for the run, when it is one that ends at it */
  #verifyChain(
    log: ScopedLog,
    range: LogRange,
    headers: readonly ReadHeader[],
  ): { seq: number; signature: Uint8Array } | undefined {
    const { source } = this.#deps
    const offered = this.#offered.get(log.author)?.get(keyOf(range))
    const head = offered?.find(({ to }) => to === range.to) ?? this.#askedHeads.get(`${keyOf(range)}/${range.to}`)
    const above = source.headerAt(log.rowId, range.to + 1)
    const expectedLastId = head?.id ?? (above && decodeSegmentHeader(above.header).prev)
    if (expectedLastId === undefined) throw new ReceiveError('SYNC_UNTRUSTED_RUN', 'nothing vouches for this run')
    const verdict = verifyRun({
      range,
      headers: headers.map(({ header, id }) => ({ seq: header.seq, id, prev: header.prev })),
      expectedLastId,
      lowerNeighbourId: source.headerAt(log.rowId, range.from - 1)?.id,
    })
    if (!verdict.ok)
      throw new ReceiveError(verdict.code, 'the run is not the chain it claims', { details: { seq: verdict.seq } })
    return head && { seq: head.to, signature: head.signature }
  }

  #open(
    log: ScopedLog,
    { header, headerBytes }: ReadHeader,
    sealed: Uint8Array,
  ): { epoch: HeldKey; body: SegmentBody } {
    const key = this.#partKeyFor(log, header.keyCommitment)
    if (key === undefined) throw new ReceiveError('SYNC_NO_KEY', 'no key was handed over for this segment')
    const opened = openSegment(this.#deps.crypto, key.partKey, headerBytes, sealed)
    if (!opened.ok) {
      throw new ReceiveError('SYNC_TAMPERED', 'the body is not the one its header names', {
        details: { reason: opened.reason, seq: header.seq },
      })
    }
    return { epoch: key.epoch, body: opened.body }
  }

  #partKeyFor(log: ScopedLog, commitment: Uint8Array): { partKey: Uint8Array; epoch: HeldKey } | undefined {
    const { crypto, source } = this.#deps
    const name = `${log.author}/${log.lane}/${log.module}/${log.part}/${toHex(commitment)}`
    const cached = this.#partKeys.get(name)
    if (cached) return cached
    for (const epoch of source.keysOf(log.author, log.lane)) {
      if (epoch.module !== undefined && epoch.module !== log.module) continue
      const ofModule = epoch.module === undefined ? moduleKey(crypto, epoch.key, log.module) : epoch.key
      const ofPart = partKey(crypto, ofModule, log.part)
      if (!equalBytes(keyCommitment(crypto, ofPart), commitment)) continue
      if (this.#partKeys.size >= MAX_CACHED_KEYS) this.#partKeys.clear()
      this.#partKeys.set(name, { partKey: ofPart, epoch })
      return { partKey: ofPart, epoch }
    }
    return undefined
  }
}

interface ReadHeader {
  readonly header: SegmentHeader
  readonly headerBytes: Uint8Array
  readonly id: Uint8Array
}

function keyOf({ author, log, incarnation }: LogKey): string {
  return `${author}/${log}/${incarnation}`
}
