/**
 * What a stored segment proves of itself, worked out again each time it is read: its body seals to the bytes its header
 * commits to, and a chain of headers leads from it to one its author signed. Trusts nothing that was noted at arrival.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Evidence } from '../../query/trace-source.ts'
import type { LogRowId, StoredLog } from '../../store/log-table.ts'
import type { SegmentTable, StoredSegment } from '../../store/segment-table.ts'
import { decodeSegmentHeader, segmentId } from '../../wire/segment-header.ts'
import { verifyHead } from '../../wire/signed-head.ts'
import type { SegmentSealer } from './segment-sealer.ts'

/** One reading: remembers chains it has walked, so that many segments under one head cost one walk. */
export class EvidenceReader {
  readonly #crypto: Crypto
  readonly #segments: SegmentTable
  readonly #sealer: SegmentSealer
  /** Ids that a signed head vouches for, by log and sequence number. */
  readonly #vouched = new Map<LogRowId, Map<number, Uint8Array>>()

  constructor(crypto: Crypto, segments: SegmentTable, sealer: SegmentSealer) {
    this.#crypto = crypto
    this.#segments = segments
    this.#sealer = sealer
  }

  of(log: StoredLog, segment: StoredSegment): Evidence {
    if (!this.#sealer.reseal(log, segment).ok) return 'tampered'
    const vouched = this.#vouchedId(log, segment.seq)
    if (vouched === undefined) return 'unverified'
    return equalBytes(vouched, segmentId(segment.header, this.#crypto.sha256)) ? 'verified' : 'tampered'
  }

  #vouchedId(log: StoredLog, seq: number): Uint8Array | undefined {
    const known = this.#vouched.get(log.rowId) ?? new Map<number, Uint8Array>()
    this.#vouched.set(log.rowId, known)
    if (!known.has(seq)) this.#walkDown(log, seq, known)
    return known.get(seq)
  }

  /** From the nearest signed head at or above `seq` down to it, by `prev`. */
  #walkDown(log: StoredLog, seq: number, known: Map<number, Uint8Array>): void {
    const head = this.#segments.headAtOrAbove(log.rowId, seq)
    const top = head && this.#segments.link(log.rowId, head.seq)
    if (head === undefined || top === undefined) return
    const { author, log: id, incarnation } = log
    const topId = segmentId(top.header, this.#crypto.sha256)
    const signed = { author, log: id, incarnation, seq: head.seq, id: topId, signature: head.signature }
    if (!verifyHead(this.#crypto, signed)) return
    let expected: Uint8Array | undefined = topId
    for (let at = head.seq; at >= seq && expected !== undefined; at--) {
      known.set(at, expected)
      const link = this.#segments.link(log.rowId, at)
      if (link === undefined || !equalBytes(segmentId(link.header, this.#crypto.sha256), expected)) return
      expected = decodeSegmentHeader(link.header).prev
    }
  }
}
