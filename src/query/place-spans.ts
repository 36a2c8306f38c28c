/**
 * Where spans lie on one time line, for self times and the critical path (docs/spec/query.md QU26). Corrected times, save
 * that a call to another device is moved into its caller as far as the clocks' error allows: it cannot really have begun
 * before it was made, nor ended after its answer came. Recorded and corrected times in the answer stay as they are.
 */
import type { Steps } from '../base/steps.ts'
import type { CollectedSpans } from './collect-spans.ts'
import { nanosBetween } from './corrected-times.ts'
import { SPANS_PER_STEP } from './span-table.ts'
import type { SpanTree } from './span-tree.ts'

/** By number of a span, in nanoseconds from the trace's first start; exact within 104 days of it. */
export interface PlacedSpans {
  readonly start: Float64Array
  readonly end: Float64Array
  /** Whether it has a start time at all; a span without one takes no part. */
  readonly isTimed: Uint8Array
}

/** OTLP's number of the kind whose parent does not wait for it: it has sent a message and goes on. */
const CONSUMER = 5
const WORD = 2 ** 32

/** @param errorNanos by numbers of two devices, how far their corrected times may be wrong against each other */
export function* placeSpans(
  spans: CollectedSpans,
  tree: SpanTree,
  errorNanos: (deviceA: number, deviceB: number) => number,
): Steps<PlacedSpans> {
  const { count, columns, corrected, device } = spans
  const placed = { start: new Float64Array(count), end: new Float64Array(count), isTimed: timedSpans(spans) }
  const origin = Math.max(0, placed.isTimed.indexOf(1))
  const moved = new Float64Array(count)
  for (const [row, span] of tree.rows.entries()) {
    if (row % SPANS_PER_STEP === 0) yield
    if (placed.isTimed[span] === 0) continue
    const start = nanosBetween(corrected, span, origin)
    const lasts = durationNanos(spans, span)
    const parent = tree.parent[span] as number
    if (parent >= 0 && placed.isTimed[parent] === 1) {
      const isCall = columns.kind[span] !== CONSUMER && device[parent] !== device[span]
      if (device[parent] === device[span]) moved[span] = moved[parent] as number
      else if (isCall) {
        const error = errorNanos(device[parent] as number, device[span] as number)
        moved[span] = wayInto(placed.start[parent] as number, placed.end[parent] as number, start, lasts, error)
      }
    }
    placed.start[span] = start + (moved[span] as number)
    placed.end[span] = placed.start[span] + lasts
  }
  return placed
}

/** A start of 0 is a field its program never set. */
function timedSpans({ count, columns: { startHigh, startLow } }: CollectedSpans): Uint8Array {
  const isTimed = new Uint8Array(count)
  for (let i = 0; i < count; i++) if (startHigh[i] !== 0 || startLow[i] !== 0) isTimed[i] = 1
  return isTimed
}

/** As recorded, not below 0. */
export function durationNanos({ columns }: CollectedSpans, span: number): number {
  const { startHigh, startLow, endHigh, endLow } = columns
  const highs = ((endHigh[span] as number) - (startHigh[span] as number)) * WORD
  return Math.max(0, highs + (endLow[span] as number) - (startLow[span] as number))
}

/** The least that moves a span into its parent, or 0 if it does not fit or may not be moved so far. */
function wayInto(parentStart: number, parentEnd: number, start: number, lasts: number, atMost: number): number {
  if (lasts > parentEnd - parentStart) return 0
  const way = Math.max(parentStart - start, 0) || Math.min(parentEnd - (start + lasts), 0)
  return Math.abs(way) <= atMost ? way : 0
}
