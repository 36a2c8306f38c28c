/** Deletes what is older than its tier keeps, some rows at a time, and series of which nothing is left. */
import { BLOCK_HOURS, blockRange } from '../model/metrics/tiers.ts'
import type { MetricTables } from './metric-tables.ts'

/** Rows deleted in one transaction. */
export const ROWS_PER_STEP = 256

/** Times in Unix milliseconds: see policy/metric-aging.ts. */
export interface AgeLimits {
  readonly raw: number
  readonly minute: number
  readonly hour: number
}

export class MetricAge {
  readonly #tables: MetricTables

  constructor(tables: MetricTables) {
    this.#tables = tables
  }

  /** @returns whether there was anything to do @throws {StoreError} */
  step(limits: AgeLimits): boolean {
    return this.#tables.transaction(() => this.#deleteAged(limits) || this.#deleteOver(limits.hour))
  }

  #deleteAged(limits: AgeLimits): boolean {
    const { hours, blocks } = this.#tables
    const aged = hours.nextAged(limits)
    if (aged === undefined) return false
    const isRaw = aged.raw === 'going' || (aged.raw === 'kept' && aged.changedMs <= limits.raw)
    const tier = isRaw ? 'raw' : 'minute'
    const deleted = blocks.deletePage(...blockRange(tier, aged.hour), ROWS_PER_STEP)
    hours.setState(aged.hour, tier, deleted < ROWS_PER_STEP ? 'gone' : 'going')
    return true
  }

  /** Hours share a block of their tier: it goes with the last of them. */
  #deleteOver(limitMs: number): boolean {
    const { hours, blocks } = this.#tables
    const hour = hours.nextOver(limitMs)
    if (hour === undefined) return false
    const first = hour - (hour % BLOCK_HOURS.hour)
    const isLast = hours.countBetween(first, first + BLOCK_HOURS.hour - 1) === 1
    if (isLast && blocks.deletePage(...blockRange('hour', hour), ROWS_PER_STEP) === ROWS_PER_STEP) return true
    hours.delete(hour)
    if (isLast) this.#tables.deleteUnusedSeries()
    return true
  }
}
