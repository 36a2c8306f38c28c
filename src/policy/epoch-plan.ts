/**
 * When a lane needs a new content key: at most one UTC day of admission on the owner's clock, and never across the
 * end of a grant. Pure, never throws. Rules: docs/spec/consent.md CO13.
 */
import { startOfUtcDay } from '../base/clock.ts'

export interface Epoch {
  /** Counts up from 0 in one lane of one device. */
  readonly n: number
  readonly startedUnixMs: number
}
export interface EpochRequest {
  /** The owner's clock: the latest time it ever showed, kept across restarts. */
  readonly nowUnixMs: number
  /** A revocation, a removed device or a lost key asks for a new key whatever the time. */
  readonly rotate: boolean
  /** Times an epoch must not reach across: where live grants of the lane begin or end. */
  readonly boundaries: Iterable<number>
}
export type EpochReason = 'FIRST' | 'ROTATE' | 'DAY' | 'BOUNDARY'
export type EpochPlan = 'keep' | (Epoch & { readonly reason: EpochReason })

/** A clock that shows less than the start of the current epoch is not believed: an old day is never opened again. */
export function planEpoch(current: Epoch | undefined, request: EpochRequest): EpochPlan {
  const { nowUnixMs } = request
  if (current === undefined) return { n: 0, startedUnixMs: Number.isFinite(nowUnixMs) ? nowUnixMs : 0, reason: 'FIRST' }
  const time = nowUnixMs > current.startedUnixMs ? nowUnixMs : current.startedUnixMs
  const reason = reasonToStart(current, time, request)
  return reason === undefined ? 'keep' : { n: current.n + 1, startedUnixMs: time, reason }
}

function reasonToStart(
  { startedUnixMs }: Epoch,
  time: number,
  { rotate, boundaries }: EpochRequest,
): EpochReason | undefined {
  if (rotate) return 'ROTATE'
  if (startOfUtcDay(time) > startOfUtcDay(startedUnixMs)) return 'DAY'
  for (const boundary of boundaries) if (startedUnixMs < boundary && boundary <= time) return 'BOUNDARY'
  return undefined
}
