/**
 * How long records are kept and how much room they get: which segment leaves, and why. Pure, never throws.
 *
 * Age counts from when a segment was stored here, never from the times its records claim. Room is shared out among devices,
 * then among the modules of each, so that no source that records a lot pushes out what others recorded.
 * Rules: docs/spec/retention.md.
 */
import type { DeviceId } from '../model/ids.ts'
import type { StoredLane } from '../model/lane.ts'

export interface LaneLimits {
  readonly maxAgeDays: number
  /** Of sealed bodies, as they lie on the disk. */
  readonly maxBytes: number
}
export type RetentionLimits = Readonly<Record<StoredLane, LaneLimits>>

export interface Bounds {
  readonly least: number
  readonly most: number
}
/** A day at least, for an hourly look cannot tell less well; ten years at most. */
export const AGE_DAYS = { least: 1, most: 3_650 } as const
/** One segment of the largest kind at least, so that the newest records always fit; 4 TiB at most. */
export const LANE_BYTES = { least: 2 << 20, most: 2 ** 42 } as const

/**
 * Ten million spans, and as many log lines as a household's devices write in a month. Roll-ups of metrics have ages of their own.
 * What people wrote stays longer than what it is about.
 */
export const DEFAULT_RETENTION: RetentionLimits = {
  traces: { maxAgeDays: 14, maxBytes: 2 * 2 ** 30 },
  logs: { maxAgeDays: 30, maxBytes: 2 ** 30 },
  metrics: { maxAgeDays: 30, maxBytes: 512 * 2 ** 20 },
  documents: { maxAgeDays: 365, maxBytes: 512 * 2 ** 20 },
}

/** A lane that is over its room is brought below it by this part, so that it is not over again at the next segment. */
export const SLACK = 1 / 32

const DAY_MS = 86_400_000

/** Why a segment left: its age, or else that its lane, or its source, had too much. */
export const DROP_REASONS = ['age', 'size', 'quota'] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** What a module of a device has in a lane, without what is held. */
export interface KeptSource {
  readonly device: DeviceId
  readonly module: string
  readonly bytes: number
}

/** Segments that were stored at this time or before are too old. */
export function oldestKeptUnixMs({ maxAgeDays }: LaneLimits, nowUnixMs: number): number {
  return nowUnixMs - maxAgeDays * DAY_MS
}

/** How many bytes each source has to give back, in the order of `sources`. */
export function excessBytes(
  { maxBytes }: Pick<LaneLimits, 'maxBytes'>,
  sources: readonly KeptSource[],
): readonly number[] {
  if (sum(sources.map(({ bytes }) => bytes)) <= maxBytes) return sources.map(() => 0)
  const devices = [...new Set(sources.map(({ device }) => device))]
  const sizes = devices.map((device) => sum(sources.map((each) => (each.device === device ? each.bytes : 0))))
  const shares = fairShares(maxBytes * (1 - SLACK), sizes)
  const excess = sources.map(() => 0)
  for (const [i, device] of devices.entries()) {
    const own = sources.flatMap((each, at) => (each.device === device ? [at] : []))
    const bytesOf = (at: number): number => (sources[at] as KeptSource).bytes
    for (const [n, share] of fairShares(shares[i] as number, own.map(bytesOf)).entries()) {
      const at = own[n] as number
      excess[at] = bytesOf(at) - share
    }
  }
  return excess
}

/** What each may keep of a room that all have a right to: equal parts, and what one does not need goes to the others. */
export function fairShares(room: number, sizes: readonly number[]): readonly number[] {
  const shares = sizes.map(() => 0)
  const ascending = sizes.map((_, at) => at).sort((a, b) => (sizes[a] as number) - (sizes[b] as number))
  let left = room
  for (const [served, at] of ascending.entries()) {
    const equalPart = Math.floor(left / (ascending.length - served))
    shares[at] = Math.min(sizes[at] as number, equalPart)
    left -= shares[at]
  }
  return shares
}

export interface Excess {
  readonly bytes: number
  readonly reason: Exclude<DropReason, 'age'>
}
export interface SegmentToJudge {
  readonly isHeld: boolean
  /** At the latest. */
  readonly storedUnixMs: number
}

/** @param excess what its source still has to give back, and what for @returns undefined: it stays */
export function reasonToDrop(
  { isHeld, storedUnixMs }: SegmentToJudge,
  oldestUnixMs: number,
  excess: Excess,
): DropReason | undefined {
  if (isHeld) return undefined
  if (storedUnixMs <= oldestUnixMs) return 'age'
  return excess.bytes > 0 ? excess.reason : undefined
}

/** Limits as they may be set: what is missing or out of bounds is the default. */
export function readLimits(value: unknown): RetentionLimits {
  const lanes = isFields(value) ? value : {}
  const limitsOf = (lane: StoredLane): LaneLimits => {
    const given = isFields(lanes[lane]) ? lanes[lane] : {}
    const { maxAgeDays, maxBytes } = DEFAULT_RETENTION[lane]
    return {
      maxAgeDays: isWithin(given['maxAgeDays'], AGE_DAYS) ? given['maxAgeDays'] : maxAgeDays,
      maxBytes: isWithin(given['maxBytes'], LANE_BYTES) ? given['maxBytes'] : maxBytes,
    }
  }
  return {
    traces: limitsOf('traces'),
    logs: limitsOf('logs'),
    metrics: limitsOf('metrics'),
    documents: limitsOf('documents'),
  }
}

export function isWithin(value: unknown, { least, most }: Bounds): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
