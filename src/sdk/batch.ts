/** What a module sends until its agent has it for good: telemetry, and what it reports itself. */
import { SIGNALS, type Signal } from '../model/lane.ts'

export const BATCH_KINDS = [...SIGNALS, 'audit', 'notify'] as const
export type BatchKind = (typeof BATCH_KINDS)[number]

export interface Batch {
  /** Its number in this connection's frames. */
  readonly seq: number
  /** Under these two it is delivered once, whichever run of the module sends it. */
  readonly stream: string
  readonly n: number
  readonly kind: BatchKind
  readonly records: number
}

export function isSignal(kind: BatchKind): kind is Signal {
  return SIGNALS.includes(kind as Signal)
}
