/**
 * Rolls an hour's raw blocks up, to minutes and then to the hour, some series at a time. Doing it again changes nothing,
 * so that a crash costs only the work; the hour counts as rolled up from the transaction on that holds the last of it.
 */
import { thinExemplars } from '../model/metrics/exemplar.ts'
import { joinRollups } from '../model/metrics/join-rollups.ts'
import { mergeRollups, rollUp, type Rollup } from '../model/metrics/rollup.ts'
import { blockId, blockRange, HOUR_MS, MINUTE_MS, seriesOfBlock, type Tier } from '../model/metrics/tiers.ts'
import { encodeBlock, MAX_BLOCK_EXEMPLARS } from '../wire/metrics/entry-block.ts'
import { readRollupBlock, readSampleBlock, type RollupBlock, type SampleBlock } from '../wire/metrics/read-block.ts'
import { rollupToEntry, type RollupForm } from '../wire/metrics/rollup-entries.ts'
import { parseIdentity, rollupFormOf } from '../wire/metrics/series-identity.ts'
import type { BlockRow } from './metric-block-table.ts'
import type { Hour } from './metric-hour-table.ts'
import type { SeriesId } from './metric-series-table.ts'
import type { MetricTables } from './metric-tables.ts'

/** Series rolled up in one transaction: a few milliseconds. */
export const SERIES_PER_STEP = 32
/** Exemplars kept of a series in a minute, once its points are rolled up, and in an hour. */
const EXEMPLARS_PER_MINUTE = 1
const EXEMPLARS_PER_HOUR = 4

export class MetricRoll {
  readonly #tables: MetricTables
  /** The hour under way, and the last block of it that is rolled up. */
  #at: { readonly hour: Hour; readonly after: number } | undefined

  constructor(tables: MetricTables) {
    this.#tables = tables
  }

  /** Points were added, perhaps to the hour under way: it begins again. */
  restart(): void {
    this.#at = undefined
  }

  /** Some series of the first hour that changed, but not since `quietMs`. @returns whether there was one @throws {StoreError} */
  step(quietMs: number): boolean {
    const hour = this.#at?.hour ?? this.#tables.hours.nextDirty(quietMs)?.hour
    if (hour === undefined) return false
    const [from, to] = blockRange('raw', hour)
    const page = this.#tables.blocks.page(this.#at?.after ?? from - 1, to, SERIES_PER_STEP)
    this.#tables.transaction(() => {
      for (const row of page) this.#rollUp(hour, row)
      if (page.length < SERIES_PER_STEP) this.#tables.hours.setRolled(hour)
    })
    const last = page.at(-1)
    this.#at = page.length < SERIES_PER_STEP || last === undefined ? undefined : { hour, after: last.id }
    return true
  }

  #rollUp(hour: Hour, { id, bytes }: BlockRow): void {
    const series = seriesOfBlock(id)
    const stored = this.#tables.series.get(series)
    if (stored === undefined) return
    const form = rollupFormOf(parseIdentity(stored.identity))
    const raw = readSampleBlock(bytes, form)
    const minutes = this.#joinMinutes(hour, series, form, raw)
    this.#joinHour(hour, series, form, raw, minutes)
  }

  #joinMinutes(hour: Hour, series: SeriesId, form: RollupForm, raw: SampleBlock): readonly Timed[] {
    const before = this.#read('minute', hour, series, form)
    const minutes = joinRollups(before.rollups.map(toTimed), rollUp(raw.samples, form.behaviour, MINUTE_MS))
    const exemplars = thinExemplars([...before.exemplars, ...raw.exemplars], MINUTE_MS, EXEMPLARS_PER_MINUTE)
    this.#write('minute', hour, series, minutes, exemplars)
    return minutes
  }

  #joinHour(hour: Hour, series: SeriesId, form: RollupForm, raw: SampleBlock, minutes: readonly Timed[]): void {
    const whole = minutes
      .map(([, rollup]) => rollup)
      .reduce<Rollup | undefined>((sum, rollup) => (sum === undefined ? rollup : mergeRollups(sum, rollup)), undefined)
    if (whole === undefined) return
    const before = this.#read('hour', hour, series, form)
    const hours = joinRollups(before.rollups.map(toTimed), [[hour * HOUR_MS, whole]])
    const exemplars = thinExemplars([...before.exemplars, ...raw.exemplars], HOUR_MS, EXEMPLARS_PER_HOUR)
    this.#write('hour', hour, series, hours, exemplars)
  }

  #read(tier: Tier, hour: Hour, series: SeriesId, form: RollupForm): RollupBlock {
    return readRollupBlock(this.#tables.blocks.get(blockId(tier, hour, series)), form)
  }

  #write(
    tier: Tier,
    hour: Hour,
    series: SeriesId,
    rollups: readonly Timed[],
    exemplars: RollupBlock['exemplars'],
  ): void {
    const entries = rollups.map(([timeMs, rollup]) => rollupToEntry({ timeMs, rollup }))
    const bytes = encodeBlock({ entries, exemplars: exemplars.slice(-MAX_BLOCK_EXEMPLARS) })
    this.#tables.blocks.put(blockId(tier, hour, series), bytes)
  }
}

type Timed = readonly [startMs: number, rollup: Rollup]

function toTimed({ timeMs, rollup }: { readonly timeMs: number; readonly rollup: Rollup }): Timed {
  return [timeMs, rollup]
}
