/**
 * Points on their way into raw blocks: collected from payloads by series and hour, then joined to what is there. Joining is
 * a union, so the same payload again changes nothing, and a crash between two writes is mended by beginning again.
 */
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import { utf8 } from '../base/bytes.ts'
import type { DeviceId } from '../model/ids.ts'
import { thinExemplars, type Exemplar } from '../model/metrics/exemplar.ts'
import { sortSamples, type Sample } from '../model/metrics/sample.ts'
import { blockId, hourOf, MAX_SERIES_ID, MINUTE_MS } from '../model/metrics/tiers.ts'
import { decodeMetrics } from '../wire/otlp/decode-metrics.ts'
import { encodeBlock, entriesThatFit, MAX_BLOCK_EXEMPLARS } from '../wire/metrics/entry-block.ts'
import { readSampleBlock } from '../wire/metrics/read-block.ts'
import { readSamples, type ReadSample } from '../wire/metrics/read-samples.ts'
import type { RollupForm } from '../wire/metrics/rollup-entries.ts'
import { sampleToEntry } from '../wire/metrics/sample-entries.ts'
import { identityText, rollupFormOf, seriesKeyText, type SeriesIdentity } from '../wire/metrics/series-identity.ts'
import { OVERFLOW_IDENTITY } from '../wire/metrics/overflow.ts'
import type { MetricTables } from './metric-tables.ts'
import type { SeriesId, SourceId } from './metric-series-table.ts'

/** Most series of one source (a module on a device); what comes under more is counted in its overflow series. */
export const MAX_SERIES_PER_SOURCE = 10_000
/** Most series of all sources: each takes about half a kilobyte on disk, and a place in every hour it has points of. */
export const MAX_SERIES = 200_000
/** Exemplars kept of a series in one minute while its points are kept as they came. */
export const EXEMPLARS_PER_RAW_MINUTE = 4
/** Series whose number is remembered, so that a point costs no look-up. */
const MAX_REMEMBERED = 50_000
/** Blocks written in one transaction: a few milliseconds. */
const BLOCKS_PER_STEP = 64
const KEY_BYTES = 16

export interface MetricFeedDeps {
  readonly tables: MetricTables
  readonly sha256: Sha256
  /** Points left out, by why. */
  readonly onLeftOut: (why: 'unplaced' | 'crowded', count: number) => void
}
export interface MetricFeedOptions {
  /** Default {@link MAX_SERIES_PER_SOURCE}. */
  readonly seriesPerSource?: number
}

interface Collected {
  readonly series: SeriesId
  readonly hour: number
  readonly form: RollupForm
  readonly samples: Sample[]
  readonly exemplars: Exemplar[]
}

export class MetricFeed {
  readonly #deps: MetricFeedDeps
  readonly #seriesPerSource: number
  readonly #remembered = new Map<string, SeriesId | undefined>()
  #collected = new Map<number, Collected>()
  /** Of the tables, which the numbers of series that are remembered and collected are of. */
  #generation: number

  constructor(deps: MetricFeedDeps, { seriesPerSource = MAX_SERIES_PER_SOURCE }: MetricFeedOptions = {}) {
    this.#deps = deps
    this.#seriesPerSource = seriesPerSource
    this.#generation = deps.tables.generation
  }

  /** Forgets what was collected before and not written, and begins anew. */
  begin(): void {
    this.#collected = new Map()
    if (this.#generation !== this.#deps.tables.generation) this.#remembered.clear()
    this.#generation = this.#deps.tables.generation
  }

  /** A write failed: numbers of series that it was to give are not given. */
  forget(): void {
    this.#remembered.clear()
    this.begin()
  }

  /** Takes the points of a payload into memory. @throws {OtlpError} if it cannot be read, {StoreError} */
  collect(deviceId: DeviceId, module: string, payload: Uint8Array): void {
    const { tables, onLeftOut } = this.#deps
    if (this.#generation !== tables.generation) return
    const { samples, leftOut } = readSamples(decodeMetrics(payload))
    if (leftOut > 0) onLeftOut('unplaced', leftOut)
    tables.transaction(() => {
      const source = tables.series.sourceOf(deviceId, module)
      let [overflow, latestMs] = [0, 0]
      for (const read of samples) {
        const series = this.#seriesOf(source, deviceId, module, read.identity)
        if (series === undefined) {
          overflow++
          latestMs = Math.max(latestMs, read.sample.timeMs)
        } else this.#keep(series, read)
      }
      if (overflow > 0) this.#keepOverflow({ source, deviceId, module }, overflow, latestMs)
    })
  }

  /**
   * Writes what was collected; the last transaction says that all segments up to `fed` are in. Series that are deleted
   * meanwhile, a purged device's, get nothing more: then it stops, and what is not said to be in is taken in again.
   * @throws {StoreError}
   */
  *write(fed: number, nowMs: number): Steps<void> {
    const { tables } = this.#deps
    const collected = [...this.#collected].sort(([a], [b]) => a - b)
    this.#collected = new Map()
    for (let at = 0; at < collected.length; at += BLOCKS_PER_STEP) {
      if (this.#generation !== tables.generation) return
      const page = collected.slice(at, at + BLOCKS_PER_STEP)
      tables.transaction(() => {
        for (const hour of new Set(page.map(([, { hour: of }]) => of))) tables.hours.touch(hour, nowMs)
        for (const [id, block] of page) this.#join(id, block)
      })
      yield
    }
    if (this.#generation === tables.generation) tables.transaction(() => tables.setFed(fed))
  }

  #keep(series: SeriesId, { identity, sample }: ReadSample): void {
    const hour = hourOf(sample.timeMs)
    const id = blockId('raw', hour, series)
    let block = this.#collected.get(id)
    if (block === undefined) {
      block = { series, hour, form: rollupFormOf(identity), samples: [], exemplars: [] }
      this.#collected.set(id, block)
    }
    block.samples.push(sample)
    if (sample.exemplars !== undefined) block.exemplars.push(...sample.exemplars)
  }

  #keepOverflow(
    { source, deviceId, module }: { source: SourceId; deviceId: DeviceId; module: string },
    count: number,
    timeMs: number,
  ): void {
    const identity = OVERFLOW_IDENTITY
    const series = this.#insertedSeries(source, deviceId, module, identity, identityText(identity), Infinity)
    if (series !== undefined) this.#keep(series, { identity, sample: { timeMs, startMs: 0, value: count } })
  }

  /** Undefined where there are too many. */
  #seriesOf(source: SourceId, deviceId: DeviceId, module: string, identity: SeriesIdentity): SeriesId | undefined {
    const text = identityText(identity)
    const remembered = `${source} ${text}`
    const known = this.#remembered.get(remembered)
    if (known !== undefined || this.#remembered.has(remembered)) return known
    const series = this.#insertedSeries(source, deviceId, module, identity, text, this.#seriesPerSource)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(remembered, series)
    return series
  }

  #insertedSeries(
    source: SourceId,
    deviceId: DeviceId,
    module: string,
    { name }: SeriesIdentity,
    identity: string,
    most: number,
  ): SeriesId | undefined {
    const { sha256, tables } = this.#deps
    const key = sha256(utf8(seriesKeyText(deviceId, module, identity))).slice(0, KEY_BYTES)
    const known = tables.series.find(key)
    if (known !== undefined) return known
    if (tables.series.countOf(source) >= most || (most !== Infinity && tables.series.total() >= MAX_SERIES))
      return undefined
    const id = tables.series.insert({ key, source, name, identity })
    return id <= MAX_SERIES_ID ? id : undefined
  }

  #join(id: number, { series, form, samples, exemplars }: Collected): void {
    const { tables, onLeftOut } = this.#deps
    const before = readSampleBlock(tables.blocks.get(id), form)
    const joined = sortSamples([...before.samples, ...sortSamples(samples)])
    const entries = joined.map(sampleToEntry)
    const fitting = entriesThatFit(entries)
    if (fitting < entries.length) onLeftOut('crowded', entries.length - fitting)
    const thin = thinExemplars([...before.exemplars, ...exemplars], MINUTE_MS, EXEMPLARS_PER_RAW_MINUTE)
    const newest = thin.slice(-MAX_BLOCK_EXEMPLARS)
    tables.blocks.put(id, encodeBlock({ entries: entries.slice(0, fitting), exemplars: newest }))
    const last = joined.at(-1)
    if (last) tables.series.noteLast(series, last.timeMs, typeof last.value === 'number' ? last.value : null)
  }
}
