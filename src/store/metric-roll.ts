/**
 * Joins the parts of an hour to its raw blocks and rolls these up, to minutes and then to the hour, some series at a time.
 * A part is deleted in the transaction that joins it, so that each is joined once; the hour counts as rolled up from the
 * transaction on that takes the last of it.
 */
import { thinExemplars } from '../model/metrics/exemplar.ts'
import { joinRollups } from '../model/metrics/join-rollups.ts'
import { mergeRollups, rollUp, type Rollup } from '../model/metrics/rollup.ts'
import { sortSamples } from '../model/metrics/sample.ts'
import { blockId, HOUR_MS, MINUTE_MS, type Tier } from '../model/metrics/tiers.ts'
import { encodeBlock, entriesThatFit, MAX_BLOCK_EXEMPLARS } from '../wire/metrics/entry-block.ts'
import { readRollupBlock, readSampleBlock, type RollupBlock, type SampleBlock } from '../wire/metrics/read-block.ts'
import { rollupToEntry, type RollupForm } from '../wire/metrics/rollup-entries.ts'
import { sampleToEntry } from '../wire/metrics/sample-entries.ts'
import { parseIdentity, rollupFormOf } from '../wire/metrics/series-identity.ts'
import { EXEMPLARS_PER_RAW_MINUTE } from './metric-feed.ts'
import type { Hour } from './metric-hour-table.ts'
import type { BatchSeq } from './metric-part-table.ts'
import type { SeriesId } from './metric-series-table.ts'
import type { MetricTables } from './metric-tables.ts'

/** Series rolled up in one transaction: a few milliseconds. */
export const SERIES_PER_STEP = 32
/** An hour of more batches is rolled up at once: a query reads a part of each of them. */
export const MAX_BATCHES = 128
/** Exemplars kept of a series in a minute, once its points are rolled up, and in an hour. */
const EXEMPLARS_PER_MINUTE = 1
const EXEMPLARS_PER_HOUR = 4

export interface MetricRollDeps {
  readonly tables: MetricTables
  /** Points that were too many for one hour of one series. */
  readonly onCrowded: (count: number) => void
}

export class MetricRoll {
  readonly #deps: MetricRollDeps

  constructor(deps: MetricRollDeps) {
    this.#deps = deps
  }

  /**
   * Some series of the first hour that changed, but not since `quietMs`, or that has too many batches.
   * @returns whether there was one
   * @throws {StoreError}
   */
  step(quietMs: number): boolean {
    const { hours, parts } = this.#deps.tables
    const hour = parts.hourOfMoreThan(MAX_BATCHES) ?? hours.nextDirty(quietMs)?.hour
    if (hour === undefined) return false
    this.#deps.tables.transaction(() => {
      const batches = parts.batchesOf(hour)
      const page = parts.firstSeries(batches, SERIES_PER_STEP)
      for (const series of page) this.#rollUp(hour, series, batches)
      if (page.length === SERIES_PER_STEP) return
      parts.deleteBatches(hour)
      hours.setRolled(hour)
    })
    return true
  }

  #rollUp(hour: Hour, series: SeriesId, batches: readonly BatchSeq[]): void {
    const { series: allSeries, parts } = this.#deps.tables
    const stored = allSeries.get(series)
    if (stored !== undefined) {
      const form = rollupFormOf(parseIdentity(stored.identity))
      const raw = this.#joinRaw(hour, series, form, batches)
      const minutes = this.#joinMinutes(hour, series, form, raw)
      this.#joinHour(hour, series, form, raw, minutes)
    }
    for (const seq of batches) parts.delete(seq, series)
  }

  #joinRaw(hour: Hour, series: SeriesId, form: RollupForm, batches: readonly BatchSeq[]): SampleBlock {
    const { blocks, parts } = this.#deps.tables
    const id = blockId('raw', hour, series)
    const all = [blocks.get(id), ...batches.map((seq) => parts.get(seq, series))].map((bytes) =>
      readSampleBlock(bytes, form),
    )
    const samples = sortSamples(all.flatMap((each) => each.samples))
    const exemplars = thinExemplars(
      all.flatMap((each) => each.exemplars),
      MINUTE_MS,
      EXEMPLARS_PER_RAW_MINUTE,
    ).slice(-MAX_BLOCK_EXEMPLARS)
    const entries = samples.map(sampleToEntry)
    const fitting = entriesThatFit(entries)
    if (fitting < entries.length) this.#deps.onCrowded(entries.length - fitting)
    blocks.put(id, encodeBlock({ entries: entries.slice(0, fitting), exemplars }))
    return { samples, exemplars }
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
    return readRollupBlock(this.#deps.tables.blocks.get(blockId(tier, hour, series)), form)
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
    this.#deps.tables.blocks.put(blockId(tier, hour, series), bytes)
  }
}

type Timed = readonly [startMs: number, rollup: Rollup]

function toTimed({ timeMs, rollup }: { readonly timeMs: number; readonly rollup: Rollup }): Timed {
  return [timeMs, rollup]
}
