/**
 * Whether a stored segment's header is one its author vouches for, worked out again each time it is read: a chain of
 * headers leads to it from one that is signed. Trusts nothing that was noted at arrival.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { Evidence } from '../../query/trace-source.ts'
import type { LogRowId, StoredLog } from '../../store/log-table.ts'
import type { SegmentTable, StoredSegment } from '../../store/segment-table.ts'
import { decodeSegmentHeader, segmentId } from '../../wire/segment-header.ts'
import { verifyHead } from '../../wire/signed-head.ts'

/** Headers walked between two yields. */
const HEADERS_PER_STEP = 64

/** One reading: goes on where it stopped in a chain, so that many segments under one head cost one walk. */
export class EvidenceReader {
  readonly #crypto: Crypto
  readonly #segments: SegmentTable
  readonly #chains = new Map<LogRowId, LogChains>()

  constructor(crypto: Crypto, segments: SegmentTable) {
    this.#crypto = crypto
    this.#segments = segments
  }

  /** Of a segment whose body is the one its header names. */
  *of(log: StoredLog, segment: Pick<StoredSegment, 'seq' | 'header'>): Steps<Evidence> {
    const vouched = yield* this.#vouchedId(log, segment.seq)
    if (vouched === undefined) return 'unverified'
    return equalBytes(vouched, segmentId(segment.header, this.#crypto.sha256)) ? 'verified' : 'tampered'
  }

  *#vouchedId(log: StoredLog, seq: number): Steps<Uint8Array | undefined> {
    const chains = this.#chains.get(log.rowId) ?? { vouched: new Map(), walks: new Map() }
    this.#chains.set(log.rowId, chains)
    const head = chains.vouched.has(seq) ? undefined : this.#segments.headAtOrAbove(log.rowId, seq)
    if (head !== undefined) {
      const walk = chains.walks.get(head.seq) ?? this.#startWalk(log, head)
      chains.walks.set(head.seq, walk)
      yield* this.#walkDown(log, seq, walk, chains.vouched)
    }
    return chains.vouched.get(seq)
  }

  /** At a head, if it is there and its author signed it. */
  #startWalk(log: StoredLog, head: { readonly seq: number; readonly signature: Uint8Array }): Walk {
    const top = this.#segments.link(log.rowId, head.seq)
    if (top === undefined) return { next: head.seq, expected: undefined }
    const { author, log: id, incarnation } = log
    const topId = segmentId(top.header, this.#crypto.sha256)
    const signed = { author, log: id, incarnation, seq: head.seq, id: topId, signature: head.signature }
    return { next: head.seq, expected: verifyHead(this.#crypto, signed) ? topId : undefined }
  }

  /** Down to `seq`, by `prev`. */
  *#walkDown(log: StoredLog, seq: number, walk: Walk, vouched: Map<number, Uint8Array>): Steps<void> {
    for (; walk.next >= seq && walk.expected !== undefined; walk.next--) {
      if (walk.next % HEADERS_PER_STEP === 0) yield
      vouched.set(walk.next, walk.expected)
      const link = this.#segments.link(log.rowId, walk.next)
      const isAsSigned = link && equalBytes(segmentId(link.header, this.#crypto.sha256), walk.expected)
      walk.expected = isAsSigned ? decodeSegmentHeader(link.header).prev : undefined
    }
  }
}

interface LogChains {
  /** Ids that a signed head vouches for, by sequence number. */
  readonly vouched: Map<number, Uint8Array>
  /** By sequence number of their heads. */
  readonly walks: Map<number, Walk>
}
/** How far down from a head a reading has come, and which id has to be there: none if the chain ends above. */
interface Walk {
  next: number
  expected: Uint8Array | undefined
}
