/**
 * Whether a group of errors is open, resolved or muted now (docs/spec/errors.md). Pure: from what a person decided, and from
 * when the error was seen last.
 */

export const ERROR_STATES = ['open', 'resolved', 'muted'] as const
export type ErrorState = (typeof ERROR_STATES)[number]

/** What is kept of a group; of one that is open and always was, nothing. */
export interface KeptErrorState {
  /** `regressed`: it was resolved, and was seen again. */
  readonly state: 'resolved' | 'muted' | 'regressed'
  readonly sinceUnixMs: number
  /** What was seen by then is no regression. */
  readonly afterUnixNano: bigint
}

export interface JudgedError {
  readonly state: ErrorState
  readonly regressed: boolean
  /** When a person decided so, or when it was found to be back; null for one that nobody decided about. */
  readonly stateSinceUnixMs: number | null
}

const NANOS_PER_MS = 1_000_000n

/** A group that nobody said anything of is open; one that is resolved is open again as soon as it was seen later. */
export function judgeError(kept: KeptErrorState | undefined, lastUnixNano: bigint): JudgedError {
  if (kept === undefined) return { state: 'open', regressed: false, stateSinceUnixMs: null }
  const { state, sinceUnixMs, afterUnixNano } = kept
  if (state === 'muted') return { state, regressed: false, stateSinceUnixMs: sinceUnixMs }
  const isBack = state === 'regressed' || lastUnixNano > afterUnixNano
  return isBack
    ? { state: 'open', regressed: true, stateSinceUnixMs: sinceUnixMs }
    : { state: 'resolved', regressed: false, stateSinceUnixMs: sinceUnixMs }
}

/**
 * What is kept once a person has decided; undefined: nothing. What was recorded until now and comes later, from a device that was away or from
 * a spool, is no regression; nor is what a clock that is ahead dated later than now.
 */
export function decideError(state: ErrorState, lastUnixNano: bigint, nowUnixMs: number): KeptErrorState | undefined {
  if (state === 'open') return undefined
  const now = BigInt(Math.floor(nowUnixMs)) * NANOS_PER_MS
  return { state, sinceUnixMs: nowUnixMs, afterUnixNano: lastUnixNano > now ? lastUnixNano : now }
}
