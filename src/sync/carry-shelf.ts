/** What the carrier's side of sync asks of storage and of the person of its device, and what it answers. */
import { MeshError } from '../base/errors.ts'
import type { DeviceId } from '../model/ids.ts'
import type { LogKey, SeqRange } from '../model/segment.ts'
import type { Runs } from './core/runs.ts'
import type { WantPlan } from './offer-book.ts'
import type { Sealed } from './serving.ts'

export type CarryErrorCode =
  /** This device carries nothing: its person has not agreed. */
  | 'CARRY_OFF'
  /** No grant to carry is in force, or no manifest names the log. */
  | 'CARRY_NO_GRANT'
  /** There is no room left for this owner's segments. */
  | 'CARRY_FULL'
export class CarryError extends MeshError<CarryErrorCode> {}

/** A segment as it is kept. */
export interface CarriedSegment extends Sealed {
  readonly seq: number
  readonly segmentId: Uint8Array
  readonly dropDay: number
}
/** What is kept to be carried, and what is remembered of it. */
export interface CarryShelf {
  /** Logs of others of which something is carried. */
  logs(): readonly LogKey[]
  /** What can be passed on. */
  runs(log: LogKey): readonly SeqRange[]
  /** What is done with, and is not fetched again. */
  dropped(log: LogKey): readonly SeqRange[]
  headerAt(log: LogKey, seq: number): { readonly id: Uint8Array; readonly header: Uint8Array } | undefined
  sealedAt(log: LogKey, seq: number): Sealed | undefined
  /** The highest place in a range that its author signed. */
  headIn(log: LogKey, range: SeqRange): { readonly seq: number; readonly signature: Uint8Array } | undefined
  /** All of them or none, durable on return. */
  keep(
    log: LogKey,
    segments: readonly CarriedSegment[],
    heads: readonly { readonly seq: number; readonly signature: Uint8Array }[],
  ): void
  /** Deletes what is kept of a log beyond `needed`, and remembers what is done with. */
  keepOnly(log: LogKey, needed: Runs, done: Runs): void
  /** Runs kept whose last day was before a day, by log. */
  due(day: number): readonly (readonly [LogKey, Runs])[]
  useOf(author: DeviceId): { readonly segments: number; readonly bytes: number }
  ackedBy(log: LogKey, reader: DeviceId): readonly SeqRange[]
  setAcked(log: LogKey, reader: DeviceId, runs: Runs): void
}
export interface CarryLimits {
  /** Whether the person of this device has agreed to carry. */
  readonly on: boolean
  readonly maxBytes: number
  /** Days after which a segment goes that says nothing of its own. */
  readonly keepDays: number
}
export interface CarryPlan extends WantPlan {
  /** Why nothing is asked for, to be told to the one who offers. */
  readonly refused: CarryErrorCode | undefined
}
