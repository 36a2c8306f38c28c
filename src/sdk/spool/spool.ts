/**
 * Where a module keeps what its agent is not there to take: batches on disk, by the stream and number under which they are
 * delivered once (docs/spec/bus.md, BU36 and BU70). What a run of a module leaves, a later run delivers.
 */
import type { BatchKind } from '../batch.ts'

/** Most bytes on disk, of a module's process and of the earlier ones that it delivers for: an hour of a talkative module. */
export const MAX_SPOOLED_BYTES = 64 * 1_048_576

export interface SpooledBatch {
  readonly stream: string
  readonly n: number
  readonly kind: BatchKind
  readonly records: number
  /** Of the batch; on disk it takes a few more. */
  readonly size: number
}
export type SpoolPlace = Pick<SpooledBatch, 'stream' | 'n' | 'kind'>

export interface Spool {
  /** Batches of runs that are over, in the order in which they were made. From now on they are this run's to deliver. */
  takeOver(): Promise<readonly SpooledBatch[]>
  /** In the place of what is there under the same stream and number. @throws what the disk says */
  write(batch: SpooledBatch, bytes: Uint8Array): Promise<void>
  /** Undefined if it is not there any more, or not what was written. */
  read(place: SpoolPlace): Promise<Uint8Array | undefined>
  /** Never rejects: what cannot be removed is delivered again, and kept once. */
  remove(place: SpoolPlace): Promise<void>
}
