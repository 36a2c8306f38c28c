/**
 * What a counter added between two of its samples: resets and overlaps as the OpenTelemetry data model has them
 * ("Resets and gaps", "Overlap"). A pure function of the two, so that sums of it do not depend on how they are grouped.
 */
import { difference, empty } from './distribution.ts'
import type { Value, ValuedSample } from './sample.ts'

/** A counter that began at most this long before its first sample has counted all of it since then, in milliseconds. */
export const FRESH_MS = 5 * 60_000

export interface Transition {
  readonly increase: Value
  /** Counting went on under the same start: the increase is the difference of the two values. */
  readonly isPlain: boolean
  /** All of it was added after this, by the time of the later sample. That time itself: nothing is known of before. */
  readonly sinceMs: number
}

/** @param before the sample of the series just before, if one is known */
export function increaseBetween(before: ValuedSample | undefined, after: ValuedSample): Value {
  return transition(before, after).increase
}

/** @param before the sample of the series just before, if one is known */
export function transition(before: ValuedSample | undefined, after: ValuedSample): Transition {
  if (before === undefined) {
    if (!isFresh(after)) return { increase: nothing(after.value), isPlain: false, sinceMs: after.timeMs }
    return { increase: after.value, isPlain: false, sinceMs: after.startMs }
  }
  const { startMs: was, timeMs: sinceMs } = before
  const { startMs: is } = after
  if (was !== 0 && is !== 0 && was !== is) {
    // Counted anew since the sample before; or two programs count under one name, and neither's count says anything.
    const isReset = is > was && is >= before.timeMs && is !== after.timeMs
    const increase = isReset ? after.value : nothing(after.value)
    return { increase, isPlain: false, sinceMs: isReset && is < after.timeMs ? is : sinceMs }
  }
  const grownBy = grown(before.value, after.value)
  return { increase: grownBy ?? after.value, isPlain: grownBy !== undefined && was === is, sinceMs }
}

/** A start equal to the time says that it is not known: the value is where counting goes on from. */
function isFresh({ startMs, timeMs }: ValuedSample): boolean {
  return startMs !== 0 && startMs < timeMs && timeMs - startMs <= FRESH_MS
}

/** Undefined where it shrank: it was reset, and nobody said when. */
function grown(before: Value, after: Value): Value | undefined {
  if (typeof before === 'number' || typeof after === 'number') {
    // Infinity less itself would be no number.
    const by = after === before ? 0 : Number(after) - Number(before)
    return by < 0 ? undefined : by
  }
  return difference(after, before)
}

function nothing(like: Value): Value {
  return typeof like === 'number' ? 0 : empty(like)
}
