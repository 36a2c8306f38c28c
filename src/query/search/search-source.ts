/**
 * What searches ask of the store: which chunks may hold what they look for, newest first, and what is known of the
 * traces they find. Nothing waits; what is stored when a query asks is what it sees.
 */
import type { Steps } from '../../base/steps.ts'
import type { DeviceId, TraceId } from '../../model/ids.ts'
import type { ChunkRef, StoredChunk, TraceSummaryRow } from '../trace-source.ts'
import type { SearchLane } from './condition.ts'
import type { SearchScope } from './search-scope.ts'

/** A chunk that may hold what a search asks for. */
export interface SearchChunk extends ChunkRef {
  readonly module: string
  /**
   * Its number in the store: of the same bytes for ever, and larger than those of all that were stored before it. Undefined for
   * what may still change.
   */
  readonly storedAs: number | undefined
  /** Its payload, without finding out what that proves. @returns undefined if it was deleted since it was named */
  read(): Uint8Array | undefined
  /** Gives the memory of what `read` gave back; nothing reads it afterwards. Undefined where somebody else needs it too. */
  readonly free: ((payload: Uint8Array) => void) | undefined
  /** With what it proves. @param payload what `read` gave, if it was read already: it is not read again */
  open(payload?: Uint8Array): Steps<StoredChunk | undefined>
}

export interface Candidates {
  /** By latest time, the newest first, read from the index as they are taken. */
  readonly chunks: Iterable<SearchChunk>
  /** Of all of them. */
  readonly totals: CandidateTotals
}
export interface CandidateTotals {
  readonly chunks: number
  /** Of these, those that may hold records outside of the time range too. */
  readonly edgeChunks: number
  /** Records of those that lie within. */
  readonly records: number
}

export interface SearchSource {
  /** By which tokens of stored chunks were made, all of them (docs/spec/index.md IX1). */
  readonly indexVersion: number
  /** Whose records are here, of a lane. */
  devices(lane: SearchLane): readonly DeviceId[]
  candidates(scope: SearchScope): Candidates
  /** What is stored of these traces, whatever was asked for. One that is not here is left out. */
  summariesOf(traceIds: readonly TraceId[]): Steps<ReadonlyMap<TraceId, TraceSummaryRow>>
}
