/**
 * The owner's side of sync: what a peer may have, and runs of sealed segments read back bit for bit.
 * Every run is judged again when it is read; the session judges it once more just before it writes (docs/spec/sync.md).
 */
import type { Crypto } from '../base/crypto.ts'
import type { DeviceId } from '../model/ids.ts'
import { mayCarry, type CarryRequest } from '../policy/decide-carry.ts'
import { decideShare, type ShareRequest, type ShareView } from '../policy/decide-share.ts'
import type { HeadRow, LogRange } from '../wire/log-rows.ts'
import { signHead } from '../wire/signed-head.ts'
import { carryScopeOf } from './carry-scope.ts'
import { headsDigest } from './core/heads-digest.ts'
import { requestFor, scopeOf, type ScopedLog, type ScopedRange, type ScopeSource } from './scope.ts'

/** Most sealed bytes in one run: what a reader verifies and commits in one go. */
export const MAX_RUN_BYTES = 4 << 20

export interface Sealed {
  readonly header: Uint8Array
  readonly sealed: Uint8Array
}
export interface ServedRun extends LogRange {
  readonly segments: readonly Sealed[]
  /** The questions that were answered with yes, for the session to ask again before it writes. */
  readonly asked: readonly (ShareRequest | CarryRequest)[]
}
export interface StoredSealed extends Sealed {
  readonly seq: number
  readonly epoch: number
}
export interface ServingDeps {
  readonly crypto: Crypto
  readonly self: DeviceId
  readonly deviceSeed: Uint8Array
  readonly source: ScopeSource & {
    findLog(range: LogRange): ScopedLog | undefined
    signatureAt(rowId: number, seq: number): Uint8Array | undefined
    keepSignature(rowId: number, seq: number, signature: Uint8Array): void
    /** Sealed again from what is stored, newest first, lazily. */
    sealedDown(log: ScopedLog, range: LogRange): Iterable<StoredSealed>
  }
  readonly view: () => ShareView
}

export class Serving {
  readonly #deps: ServingDeps

  constructor(deps: ServingDeps) {
    this.#deps = deps
  }

  digestFor(recipient: DeviceId): Uint8Array {
    const { source, view, self, crypto } = this.#deps
    return headsDigest(scopeOf(source, view(), self, recipient), crypto.sha256)
  }

  /** Signed heads of everything the peer may have. */
  rowsFor(recipient: DeviceId): readonly HeadRow[] {
    const { source, view, self } = this.#deps
    return this.#signed(scopeOf(source, view(), self, recipient))
  }

  /** Signed heads of everything of ours that the peer may carry for others. */
  rowsToCarry(carrier: DeviceId): readonly HeadRow[] {
    const { source, view, self } = this.#deps
    return this.#signed(carryScopeOf(source, view(), self, carrier).ranges)
  }

  /**
   * The newest part of a range that fits the budget, at least one segment of it. A device that asks for what it has written
   * itself gets back what it lost: that is its own.
   * @returns `denied` if the newest segment is not there or may not leave
   */
  read(recipient: DeviceId, range: LogRange, budgetBytes: number): ServedRun | 'denied' {
    const { source, self } = this.#deps
    const mayAsk = range.author === self || range.author === recipient
    const log = mayAsk ? source.findLog(range) : undefined
    if (log === undefined) return 'denied'
    const asked = new Map<number, ShareRequest | CarryRequest>()
    const segments: Sealed[] = []
    let [from, bytes] = [range.to + 1, 0]
    for (const { seq, epoch, header, sealed } of source.sealedDown(log, range)) {
      bytes += sealed.length
      const isOver = segments.length > 0 && bytes > Math.min(budgetBytes, MAX_RUN_BYTES)
      if (isOver || seq !== from - 1 || !this.#mayLeave(log, recipient, epoch, asked)) break
      segments.unshift({ header, sealed })
      from = seq
    }
    return segments.length === 0 ? 'denied' : { ...range, from, segments, asked: [...asked.values()] }
  }

  #mayLeave(
    log: ScopedLog,
    recipient: DeviceId,
    epoch: number,
    asked: Map<number, ShareRequest | CarryRequest>,
  ): boolean {
    if (asked.has(epoch) || log.author === recipient) return true
    const request = this.#allowed(log, recipient, epoch)
    if (request !== undefined) asked.set(epoch, request)
    return request !== undefined
  }

  /** The question that lets the device have a segment, to read it or to bring it to somebody who may. */
  #allowed(log: ScopedLog, recipient: DeviceId, epoch: number): ShareRequest | CarryRequest | undefined {
    const { source, view } = this.#deps
    const now = view()
    const request = requestFor(source, log, recipient, epoch)
    if (request === undefined) return undefined
    if (decideShare(now, request).effect === 'allow') return request
    return [...now.membership.members.keys()]
      .map((reader): CarryRequest => ({ ...request, recipient: reader, carrier: recipient }))
      .find((each) => mayCarry(now, each))
  }

  #signed(ranges: readonly ScopedRange[]): readonly HeadRow[] {
    return ranges.map(({ rowId, ...range }) => ({ ...range, signature: this.#signatureAt(rowId, range) }))
  }

  /** Cuts leave a signature at their end; a range that ends elsewhere, at an old epoch's end, is signed when first asked. */
  #signatureAt(rowId: number, range: Omit<HeadRow, 'signature'>): Uint8Array {
    const { source, crypto, deviceSeed } = this.#deps
    const kept = source.signatureAt(rowId, range.to)
    if (kept) return kept
    const { author, log, incarnation, to: seq, id } = range
    const { signature } = signHead(crypto, deviceSeed, { author, log, incarnation, seq, id })
    source.keepSignature(rowId, seq, signature)
    return signature
  }
}
