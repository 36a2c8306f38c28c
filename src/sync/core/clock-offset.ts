/**
 * How far a peer's wall clock is from ours, from four timestamps of a question and its answer (NTP, RFC 5905 section 8).
 *
 * Of the last few exchanges the one with the smallest error counts: the one that waited least in queues. Values are
 * immutable; raw times of records are never rewritten, the estimate only stands beside them. Rules: docs/spec/reconcile.md RC8.
 */
import { DRIFT_PPM, type ClockOffset } from '../../model/clock-history.ts'

/** Milliseconds since the Unix epoch, each on the clock of who was there; fractions welcome. */
export interface ClockSample {
  /** When we asked, our clock. */
  readonly sentUnixMs: number
  /** When the peer got it, its clock. */
  readonly peerReceivedUnixMs: number
  /** When the peer answered, its clock. */
  readonly peerSentUnixMs: number
  /** When we got the answer, our clock. */
  readonly receivedUnixMs: number
  /** The same moment on our monotonic clock, for the sample's age. */
  readonly atMonotonicMs: number
}
/** The true offset lies within the error, however unequal the two directions were. */
export interface ClockEstimate extends ClockOffset {
  /** Of the exchange that counts: the least time on the way, there and back. */
  readonly roundTripMs: number
  /** Exchanges the estimate was chosen from. */
  readonly samples: number
}
/** The last samples, oldest first. Start with {@link NO_SAMPLES}. */
export type ClockSamples = readonly Measured[]

interface Measured {
  readonly offsetMs: number
  readonly halfDelayMs: number
  readonly atMonotonicMs: number
}

/** Samples kept: NTP's clock filter has eight stages. */
export const MAX_CLOCK_SAMPLES = 8
/** Uncertainty of reading a clock, in milliseconds: the coarsest clock that takes part. */
export const CLOCK_RESOLUTION_MS = 1
export const NO_SAMPLES: ClockSamples = []

/**
 * A sample that cannot be (an answer before the question, a time that is none) changes nothing. One that contradicts
 * the earlier ones means a clock was set: the earlier ones are dropped.
 */
export function addClockSample(samples: ClockSamples, sample: ClockSample): ClockSamples {
  const measured = measure(sample)
  if (measured === undefined) return samples
  const agreeing = samples.filter((earlier) => doAgree(earlier, measured))
  const kept = agreeing.length === samples.length ? samples : []
  return [...kept, measured].slice(-MAX_CLOCK_SAMPLES)
}

/** @returns `undefined` without samples. */
export function estimateClockOffset(samples: ClockSamples, nowMonotonicMs: number): ClockEstimate | undefined {
  let best: ClockEstimate | undefined
  for (const measured of samples) {
    const errorMs = errorAt(measured, nowMonotonicMs)
    if (best === undefined || errorMs <= best.errorMs) {
      const { offsetMs, halfDelayMs } = measured
      best = { offsetMs, errorMs, roundTripMs: 2 * halfDelayMs, samples: samples.length }
    }
  }
  return best
}

function measure(sample: ClockSample): Measured | undefined {
  const { sentUnixMs, peerReceivedUnixMs, peerSentUnixMs, receivedUnixMs, atMonotonicMs } = sample
  const away = receivedUnixMs - sentUnixMs
  const atPeer = peerSentUnixMs - peerReceivedUnixMs
  const delay = away - atPeer
  const offsetMs = (peerReceivedUnixMs - sentUnixMs + (peerSentUnixMs - receivedUnixMs)) / 2
  const isPossible = away >= 0 && atPeer >= 0 && delay >= -CLOCK_RESOLUTION_MS
  if (!isPossible || !Number.isFinite(offsetMs) || !Number.isFinite(atMonotonicMs)) return undefined
  return { offsetMs, halfDelayMs: Math.max(0, delay) / 2, atMonotonicMs }
}

function errorAt({ halfDelayMs, atMonotonicMs }: Measured, nowMonotonicMs: number): number {
  const ageMs = Math.max(0, nowMonotonicMs - atMonotonicMs)
  return halfDelayMs + CLOCK_RESOLUTION_MS + (ageMs * DRIFT_PPM) / 1_000_000
}

function doAgree(earlier: Measured, later: Measured): boolean {
  const apart = Math.abs(later.offsetMs - earlier.offsetMs)
  return apart <= errorAt(earlier, later.atMonotonicMs) + errorAt(later, later.atMonotonicMs)
}
