/**
 * Checks that headers received as one run are the run asked for and hang on what is vouched for, before any is kept:
 * the last id, which a signed head or a trusted header names, then vouches for all of them.
 * Pure, never throws. Rules: docs/spec/reconcile.md RC7.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { SeqRange } from '../../model/segment.ts'

export interface ChainLink {
  readonly seq: number
  readonly id: Uint8Array
  readonly prev: Uint8Array | undefined
}
export interface RunToVerify {
  /** What the run claims to be: all of it must be there. */
  readonly range: SeqRange
  /** Ascending. Each id is computed here from the header bytes, never taken from the sender. */
  readonly headers: readonly ChainLink[]
  /** What the id of the last one must be. */
  readonly expectedLastId: Uint8Array
  /** Id of the held segment just below the first, if it is held. */
  readonly lowerNeighbourId?: Uint8Array | undefined
}
/**
 * - `SYNC_GAP`: no header, or a sequence number left out: ask again.
 * - `SYNC_BROKEN_CHAIN`: not what is vouched for: the sender altered or invented something.
 * - `SYNC_FORK`: the author vouched for this run and for another segment at `seq`: keep both, freeze the incarnation.
 */
export type RunFault = 'SYNC_GAP' | 'SYNC_BROKEN_CHAIN' | 'SYNC_FORK'
export type RunVerdict = { readonly ok: true } | { readonly ok: false; readonly code: RunFault; readonly seq: number }

export function verifyRun({ range, headers, expectedLastId, lowerNeighbourId }: RunToVerify): RunVerdict {
  const [first, last] = [headers[0], headers.at(-1)]
  if (first === undefined || last === undefined) return fault('SYNC_GAP', range.from)
  for (const [at, { seq, prev }] of headers.entries()) {
    if (seq !== range.from + at) return fault('SYNC_GAP', range.from + at)
    const below = headers[at - 1]
    if (below !== undefined && !isSame(prev, below.id)) return fault('SYNC_BROKEN_CHAIN', seq)
  }
  if (last.seq !== range.to) return fault('SYNC_GAP', last.seq + 1)
  if (!equalBytes(last.id, expectedLastId)) return fault('SYNC_BROKEN_CHAIN', last.seq)
  if (first.seq === 0 && first.prev !== undefined) return fault('SYNC_BROKEN_CHAIN', 0)
  return verifyLowerEnd(first, lowerNeighbourId)
}

/** Only after the run is vouched for does a difference from what is held prove a fork and not a forger. */
function verifyLowerEnd({ seq, prev }: ChainLink, lowerNeighbourId: Uint8Array | undefined): RunVerdict {
  if (lowerNeighbourId === undefined || isSame(prev, lowerNeighbourId)) return { ok: true }
  // Without `prev` the segment is the first above a prune mark and says nothing of what was below.
  return prev === undefined ? { ok: true } : fault('SYNC_FORK', seq - 1)
}

function isSame(id: Uint8Array | undefined, other: Uint8Array): boolean {
  return id !== undefined && equalBytes(id, other)
}

function fault(code: RunFault, seq: number): RunVerdict {
  return { ok: false, code, seq }
}
