/**
 * How far a peer's clock was from ours, and when: measurements of the link, kept thinly over months, and what follows from them
 * for any moment. Two clocks drift apart by no more than {@link DRIFT_PPM}, unless one was set. Rules: docs/spec/reconcile.md RC9.
 */

export interface ClockOffset {
  /** How far the peer's clock is ahead of ours, in milliseconds; negative: behind. */
  readonly offsetMs: number
  /** Half-width of the interval that holds the true offset. */
  readonly errorMs: number
}

/** One measurement. */
export interface ClockPoint extends ClockOffset {
  /** On our clock. */
  readonly atUnixMs: number
  /** One of the two clocks was set since the measurement before it. */
  readonly isStep: boolean
}

/** Oldest first. */
export type ClockHistory = readonly ClockPoint[]

/** How the peer's clock gains on ours, in parts per million; negative: loses. */
export interface ClockDrift {
  readonly ppm: number
  readonly errorPpm: number
}

/** How fast two quartz clocks may drift apart, in parts per million: 50 each, twice the usual tolerance. */
export const DRIFT_PPM = 100
/** Points kept of one peer. Those nearest to each other go first, old ones before new ones: a year is a line of points. */
export const MAX_CLOCK_POINTS = 64
/** Time between two points, in milliseconds, unless one is a step. */
export const POINT_EVERY_MS = 600_000
/** How much a clock's drift itself changes, with temperature, in parts per million. */
const WANDER_PPM = 10
const PPM = 1_000_000

/** The offset at a moment of our clock. @returns undefined if it was never measured */
export function clockAt(history: ClockHistory, unixMs: number): ClockOffset | undefined {
  const next = history.findIndex(({ atUnixMs }) => atUnixMs > unixMs)
  const before = next === -1 ? history.at(-1) : history[next - 1]
  const after = next === -1 ? undefined : history[next]
  if (before === undefined || after === undefined) {
    const only = before ?? after
    return only && aged(only, unixMs, before === undefined ? undefined : clockDrift(history))
  }
  if (before.atUnixMs === unixMs) return aged(before, unixMs)
  const [from, to] = [aged(before, unixMs), aged(after, unixMs)]
  // When it was set between the two, nobody knows.
  return after.isStep ? hull(from, to) : (intersection(from, to) ?? hull(from, to))
}

/** What the last measurements, since a clock was set, say of its drift. @returns undefined if they cannot say more than {@link DRIFT_PPM} does */
export function clockDrift(history: ClockHistory): ClockDrift | undefined {
  const since = history.findLastIndex(({ isStep }) => isStep)
  const [first, last] = [history[Math.max(since, 0)], history.at(-1)]
  if (first === undefined || last === undefined || last.atUnixMs <= first.atUnixMs) return undefined
  const spanMs = last.atUnixMs - first.atUnixMs
  const errorPpm = ((first.errorMs + last.errorMs) / spanMs) * PPM + WANDER_PPM
  if (errorPpm >= DRIFT_PPM) return undefined
  return { ppm: ((last.offsetMs - first.offsetMs) / spanMs) * PPM, errorPpm }
}

/** Adds what was measured now; what says less than is known changes nothing. */
export function addClockPoint(history: ClockHistory, measured: Omit<ClockPoint, 'isStep'>): ClockHistory {
  // Our own clock was set back: what was measured at times that are still to come says nothing of them.
  const past = history.filter(({ atUnixMs }) => atUnixMs <= measured.atUnixMs)
  const last = past.at(-1)
  if (last === undefined) return [{ ...measured, isStep: history.length > 0 }]
  const expected = aged(last, measured.atUnixMs)
  if (past.length < history.length || intersection(expected, measured) === undefined) {
    return thinned([...past, { ...measured, isStep: true }])
  }
  if (measured.errorMs > expected.errorMs) return past
  // The newest moves on until it is far enough from the one before it.
  const isOpen = !last.isStep && last.atUnixMs - (past.at(-2)?.atUnixMs ?? -Infinity) < POINT_EVERY_MS
  return thinned([...(isOpen ? past.slice(0, -1) : past), { ...measured, isStep: false }])
}

function aged(point: ClockPoint, unixMs: number, drift?: ClockDrift): ClockOffset {
  const awayMs = unixMs - point.atUnixMs
  const { ppm, errorPpm } = drift ?? { ppm: 0, errorPpm: DRIFT_PPM }
  return {
    offsetMs: point.offsetMs + (awayMs * ppm) / PPM,
    errorMs: point.errorMs + (Math.abs(awayMs) * errorPpm) / PPM,
  }
}

function intersection(a: ClockOffset, b: ClockOffset): ClockOffset | undefined {
  const low = Math.max(a.offsetMs - a.errorMs, b.offsetMs - b.errorMs)
  const high = Math.min(a.offsetMs + a.errorMs, b.offsetMs + b.errorMs)
  return low > high ? undefined : between(low, high)
}

function hull(a: ClockOffset, b: ClockOffset): ClockOffset {
  const low = Math.min(a.offsetMs - a.errorMs, b.offsetMs - b.errorMs)
  return between(low, Math.max(a.offsetMs + a.errorMs, b.offsetMs + b.errorMs))
}

function between(low: number, high: number): ClockOffset {
  return { offsetMs: (low + high) / 2, errorMs: (high - low) / 2 }
}

/** Leaves out the point that is missed least; neither end, nor where a clock was set. */
function thinned(history: ClockHistory): ClockHistory {
  if (history.length <= MAX_CLOCK_POINTS) return history
  const nowMs = history.at(-1)?.atUnixMs as number
  let least = 0
  let leastLoss = Infinity
  for (let i = 1; i < history.length - 1; i++) {
    const [before, point, after] = history.slice(i - 1, i + 2) as [ClockPoint, ClockPoint, ClockPoint]
    const loss = (after.atUnixMs - before.atUnixMs) / (nowMs - point.atUnixMs)
    if (!point.isStep && loss < leastLoss) [least, leastLoss] = [i, loss]
  }
  // Nothing but steps: the oldest says least of today.
  return history.toSpliced(least, 1)
}
