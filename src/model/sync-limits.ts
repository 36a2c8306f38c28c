/** How fast records may travel between devices, as the person of this one chose. */

export type Direction = 'up' | 'down'

/** Bytes a second; undefined is no limit, 0 is none at all. */
export interface SyncLimits {
  readonly up: number | undefined
  readonly down: number | undefined
  /** Names of interfaces on which every byte costs. */
  readonly metered: readonly string[]
  /** Both ways together with a device that is met over one of them. */
  readonly meteredRate: number
}

/** On a metered network news still comes, and a backlog waits: a minute of it is a few photographs' worth. */
export const DEFAULT_METERED_RATE = 64 * 1024
export const NO_SYNC_LIMITS: SyncLimits = {
  up: undefined,
  down: undefined,
  metered: [],
  meteredRate: DEFAULT_METERED_RATE,
}
/** Largest rate that can be asked for: more than any network of a home, in bytes a second. */
export const MAX_SYNC_RATE = 10_000_000_000
export const MAX_METERED_INTERFACES = 16
/** What Linux allows is 15 bytes; others have longer ones. */
export const MAX_INTERFACE_NAME_BYTES = 64

/** The rate that holds for a direction, in bytes a second; undefined is none. */
export function syncRate(limits: SyncLimits, direction: Direction, isMetered: boolean): number | undefined {
  const own = limits[direction]
  return isMetered ? Math.min(limits.meteredRate, own ?? Infinity) : own
}
