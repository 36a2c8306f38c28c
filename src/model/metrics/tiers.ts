/**
 * The tiers points are kept in (docs/spec/metrics.md ME30): as they came, by minute, by hour. Where a block lies follows
 * from tier, hour and series alone, in an order in which what is written next stands last.
 */
export type Tier = 'raw' | 'minute' | 'hour'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
/** Hours of one block. An hour's roll-up is small: ten days of them fill a page. */
export const BLOCK_HOURS: Readonly<Record<Tier, number>> = { raw: 1, minute: 1, hour: 240 }
/** Largest number of a series. */
export const MAX_SERIES_ID = 2 ** 24 - 1

const TIERS: readonly Tier[] = ['raw', 'minute', 'hour']
const SERIES = 2 ** 24
/** More hours than pass until 2262. */
const HOURS = 2 ** 22

export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS)
}

export function blockId(tier: Tier, hour: number, series: number): number {
  return (TIERS.indexOf(tier) * HOURS + Math.floor(hour / BLOCK_HOURS[tier])) * SERIES + series
}

/** Ids of the blocks of all series that hold an hour, both ends included. */
export function blockRange(tier: Tier, hour: number): readonly [from: number, to: number] {
  return [blockId(tier, hour, 0), blockId(tier, hour, MAX_SERIES_ID)]
}
