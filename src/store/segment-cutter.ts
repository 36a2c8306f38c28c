/**
 * Cuts open records into segments: compressed, sealed, chained and signed, their bodies in a pack and everything else in
 * rows. Runs inside the caller's transaction; when it returns, only the commit is missing.
 */
import { constants, zstdCompressSync } from 'node:zlib'
import { concat } from '../base/bytes.ts'
import type { StoredLane } from '../model/lane.ts'
import { MAX_SEGMENT_RECORDS, type LogKey } from '../model/segment.ts'
import { mergeDocumentPayloads } from '../wire/documents/merge-records.ts'
import { mergeDigests, type Digest } from '../wire/index/digest.ts'
import { digestOfPayload } from '../wire/index/payload-digest.ts'
import type { LogRowId, StoredLog } from './log-table.ts'
import type { Packs } from './packs/packs.ts'
import type { ChainLink, SegmentTable } from './segment-table.ts'
import type { TraceIndex } from './trace-index.ts'

/**
 * A segment ends before it would have more payload bytes than this, before compression: opening one for a single trace
 * then costs about a millisecond. A chunk that is larger by itself becomes a segment of its own.
 */
export const SEGMENT_BYTES = 393_216
/** zstd level with the best ratio for its speed on OTLP (docs/benchmarks.md). */
const ZSTD_LEVEL = 1

export interface SegmentPlan extends LogKey {
  readonly seq: number
  readonly prev: Uint8Array | undefined
  readonly lane: StoredLane
  readonly module: string
  readonly part: string
  readonly epoch: number
}
export interface SegmentBody {
  readonly codec: 0 | 1
  readonly rawBytes: number
  readonly records: number
  readonly payload: Uint8Array
}
/** What the cutter asks of the key tree and the device's signing key. */
export interface Sealer {
  seal(
    plan: SegmentPlan,
    body: SegmentBody,
  ): { readonly header: Uint8Array; readonly id: Uint8Array; readonly sealed: Uint8Array }
  signHead(log: LogKey, seq: number, id: Uint8Array): Uint8Array
}

/** Records of one log and one epoch; payloads are complete records of their lane, so they concatenate. */
export interface Cut {
  readonly log: StoredLog
  readonly epoch: number
  readonly batches: readonly { readonly payload: Uint8Array; readonly digest: Digest }[]
}

export interface SegmentCutterDeps {
  readonly segments: Pick<SegmentTable, 'insert' | 'insertHead' | 'last'>
  readonly packs: Pick<Packs, 'append'>
  readonly traces: Pick<TraceIndex, 'insert'>
  readonly sealer: Sealer
}

interface SealedCut extends ChainLink {
  readonly cut: Cut
  readonly sealed: Uint8Array
  readonly rawBytes: number
  readonly digest: Digest
}

export class SegmentCutter {
  readonly #deps: SegmentCutterDeps

  constructor(deps: SegmentCutterDeps) {
    this.#deps = deps
  }

  /** Cuts of own logs, in order. */
  cut(cuts: readonly Cut[]): void {
    const tops = new Map<LogRowId, ChainLink | undefined>()
    const sealed = cuts.flatMap((cut) => this.#sealAll(cut, tops))
    const [first] = sealed
    if (first === undefined) return
    const places = this.#deps.packs.append(
      first.cut.log.author,
      sealed.map((segment) => segment.sealed),
    )
    const { segments, traces } = this.#deps
    for (const [i, { cut, seq, segmentId, header, rawBytes, digest }] of sealed.entries()) {
      const { log, epoch } = cut
      const place = places[i] as (typeof places)[number]
      const rowId = segments.insert({ ...digest, log: log.rowId, seq, segmentId, epoch, header, place, rawBytes })
      traces.insert(rowId, digest)
    }
    this.#signTops(cuts, tops)
  }

  #sealAll(cut: Cut, tops: Map<LogRowId, ChainLink | undefined>): readonly SealedCut[] {
    const { rowId } = cut.log
    if (!tops.has(rowId)) tops.set(rowId, this.#deps.segments.last(rowId))
    return groupWithinLimits(cut.batches).map((group) => {
      const segment = this.#seal(cut, group, tops.get(rowId))
      tops.set(rowId, segment)
      return segment
    })
  }

  #seal(cut: Cut, group: Cut['batches'], last: ChainLink | undefined): SealedCut {
    const { log, epoch } = cut
    const { payload, digest } = this.#join(log, group)
    const body = compress(payload, digest.records)
    const seq = last === undefined ? 0 : last.seq + 1
    const plan = { ...log, lane: log.lane as StoredLane, seq, prev: last?.segmentId, epoch }
    const { header, id, sealed } = this.#deps.sealer.seal(plan, body)
    return { cut, seq, segmentId: id, header, sealed, rawBytes: body.rawBytes, digest }
  }

  #join({ lane }: StoredLog, group: Cut['batches']): Cut['batches'][number] {
    const [first] = group as readonly [Cut['batches'][number]]
    if (group.length === 1) return first
    const payloads = group.map(({ payload }) => payload)
    if (lane !== 'documents')
      return { payload: concat(...payloads), digest: mergeDigests(group.map(({ digest }) => digest)) }
    const payload = mergeDocumentPayloads(payloads)
    return { payload, digest: digestOfPayload(lane, payload) }
  }

  /** One signature a log: it vouches for all that its headers lead down to. */
  #signTops(cuts: readonly Cut[], tops: ReadonlyMap<LogRowId, ChainLink | undefined>): void {
    const { segments, sealer } = this.#deps
    for (const log of new Map(cuts.map((cut) => [cut.log.rowId, cut.log])).values()) {
      const { seq, segmentId } = tops.get(log.rowId) as ChainLink
      segments.insertHead(log.rowId, seq, sealer.signHead(log, seq, segmentId))
    }
  }
}

/** Slices of whole batches, each within a segment's limits (every single batch is, by admission). */
function groupWithinLimits(batches: Cut['batches']): readonly Cut['batches'][] {
  const groups: Cut['batches'][number][][] = []
  let [records, bytes] = [0, 0]
  for (const batch of batches) {
    records += batch.digest.records
    bytes += batch.payload.length
    const group = groups.at(-1)
    if (group && records <= MAX_SEGMENT_RECORDS && bytes <= SEGMENT_BYTES) {
      group.push(batch)
    } else {
      groups.push([batch])
      ;[records, bytes] = [batch.digest.records, batch.payload.length]
    }
  }
  return groups
}

function compress(raw: Uint8Array, records: number): SegmentBody {
  const packed = zstdCompressSync(raw, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } })
  return packed.length < raw.length
    ? { codec: 1, rawBytes: raw.length, records, payload: packed }
    : { codec: 0, rawBytes: raw.length, records, payload: raw }
}
