/**
 * The reader's side of sync: which segments to ask an owner for, and runs taken in.
 *
 * Nothing is kept that is not proven: the run ends at a segment that a signed head names, or that the header above it
 * names; every body is the one its header commits to and opens under a key the owner handed over. A run is kept whole or
 * not at all, and only then acknowledged.
 */
import type { Crypto } from '../base/crypto.ts'
import { equalBytes, toHex } from '../base/bytes.ts'
import type { DeviceId } from '../model/ids.ts'
import type { Lane } from '../model/lane.ts'
import type { ManifestOffer } from '../model/manifest.ts'
import type { LogKey, SegmentHeader } from '../model/segment.ts'
import type { ShareRequest, ShareView } from '../policy/decide-share.ts'
import { openedScopes } from '../policy/opened-scopes.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import type { SegmentBody } from '../wire/segment-body.ts'
import { headsDigest } from './core/heads-digest.ts'
import { keyCommitment, moduleKey, partKey } from './core/key-tree.ts'
import { countSeqs, intersectRuns, NO_RUNS, subtractRuns, toRuns } from './core/runs.ts'
import { openSegment } from './core/seal-segment.ts'
import { OfferBook, ReceiveError, type ReadHeader, type ReceiveErrorCode, type WantPlan } from './offer-book.ts'
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

/** Keys derived and kept at once: one per module and epoch in use. */
const MAX_CACHED_KEYS = 512

export class Receiving {
  readonly #deps: ReceivingDeps
  readonly #book: OfferBook
  readonly #partKeys = new Map<string, { readonly partKey: Uint8Array; readonly epoch: HeldKey }>()

  constructor(deps: ReceivingDeps) {
    this.#deps = deps
    const { crypto, source, onRefused } = deps
    this.#book = new OfferBook({
      crypto,
      held(key) {
        const log = source.findLog(key)
        return log ? source.runs(log.rowId) : []
      },
      headerAt(key, seq) {
        const log = source.findLog(key)
        return log && source.headerAt(log.rowId, seq)
      },
      onRefused,
    })
  }

  /** Digest over what we hold of what the owner lets us have; equal to the owner's when nothing is missing. */
  digestOf(owner: DeviceId): Uint8Array {
    const { source, view, self, crypto } = this.#deps
    return headsDigest(scopeOf(source, view(owner), owner, self), crypto.sha256)
  }

  /**
   * Takes an offer and says what to ask for, of the sender's own logs and of those it carries. Logs we were not told of by
   * their owner wait until we are. One whose head contradicts what its owner signed before is frozen.
   * @throws {ReceiveError} `SYNC_BAD_HEAD` for a head the owner did not sign, `SYNC_TOO_MANY_HEADS`
   */
  offer(sender: DeviceId, rows: readonly HeadRow[]): WantPlan {
    this.#book.offer(sender, rows)
    return this.plan(sender)
  }

  /** The sender would not give this range: nothing more of its log is asked of it until that may have changed. */
  setAside(sender: DeviceId, range: LogRange): void {
    this.#book.setAside(sender, range)
  }

  /** The owner told us more of what it opens to us: what was set aside may come now. */
  resume(owner: DeviceId): void {
    this.#book.resume(owner)
  }

  /** What is still missing of a sender's last offer, newest first. */
  plan(sender: DeviceId): WantPlan {
    const { source } = this.#deps
    const opened = new Map<DeviceId, (log: ScopedLog) => boolean>()
    return this.#book.plan(sender, (row) => {
      const log = source.findLog(row)
      const isOpened = opened.get(row.author) ?? this.#openedBy(row.author)
      opened.set(row.author, isOpened)
      return log !== undefined && isOpened(log)
    })
  }

  /** Runs that are here of those a sender has offered: one that carries them need not keep them for us. */
  heldOfOffered(sender: DeviceId): readonly LogRange[] {
    const { source } = this.#deps
    return this.#book.offeredBy(sender).flatMap((row) => {
      const log = source.findLog(row)
      const { author, log: id, incarnation } = row
      const held = log ? intersectRuns([row], toRuns(source.runs(log.rowId))) : []
      return held.map(({ from, to }) => ({ author, log: id, incarnation, from, to }))
    })
  }

  /** Segments that an owner says are open to us, and that are not here. */
  missingOf(owner: DeviceId, offers: readonly ManifestOffer[]): number {
    const { source } = this.#deps
    const isOpened = this.#openedBy(owner)
    return offers.reduce((missing, { log: id, incarnation, from, to }) => {
      const log = source.findLog({ author: owner, log: id, incarnation })
      if (log !== undefined && !isOpened(log)) return missing
      return missing + countSeqs(subtractRuns([{ from, to }], log ? toRuns(source.runs(log.rowId)) : NO_RUNS))
    }, 0)
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

  forget(sender: DeviceId): void {
    this.#book.forget(sender)
  }

  /** @throws {ReceiveError}, and what the door throws; nothing of the run is kept then, and its log is frozen or set aside. */
  take(sender: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    try {
      this.#take(sender, range, segments)
    } catch (err) {
      this.#book.refuse(sender, range, err)
      throw err
    }
  }

  /** Whoever brings it: a run is judged by who wrote it. */
  #take(sender: DeviceId, range: LogRange, segments: readonly Sealed[]): void {
    const { source, keep, self } = this.#deps
    const log = range.author === self ? undefined : source.findLog(range)
    if (log === undefined) throw new ReceiveError('SYNC_UNKNOWN_LOG', 'a run of a log we were not told of')
    const { headers, head } = this.#book.verify(sender, range, segments)
    const opened = segments.map(({ sealed }, i) => {
      const header = headers[i] as ReadHeader
      const { epoch, body } = this.#open(log, header, sealed)
      const { author: owner, lane, module, part } = log
      const request = { owner, recipient: self, lane, module, part, epochStartedUnixMs: epoch.startedUnixMs }
      return { ...header, epoch: epoch.n, body, sealed, request }
    })
    keep(
      log,
      opened.filter((segment) => !this.#book.isHeld(log, segment)),
      head,
    )
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
