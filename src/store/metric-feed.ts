/**
 * Points on their way into the tables: collected from payloads by series and hour, then added as parts of a batch. Parts
 * are a set of samples, so the same payload again changes nothing, and a crash between two writes is mended by beginning
 * again.
 */
import type { Sha256 } from '../base/crypto.ts'
import type { Steps } from '../base/steps.ts'
import { utf8 } from '../base/bytes.ts'
import type { DeviceId } from '../model/ids.ts'
import { thinExemplars, type Exemplar } from '../model/metrics/exemplar.ts'
import { sortSamples, type Sample, type SampleWithExemplars } from '../model/metrics/sample.ts'
import { blockId, hourOf, MINUTE_MS } from '../model/metrics/tiers.ts'
import { decodeMetrics } from '../wire/otlp/decode-metrics.ts'
import { encodeBlock, entriesThatFit, MAX_BLOCK_EXEMPLARS } from '../wire/metrics/entry-block.ts'
import { readSamples, type ReadSample } from '../wire/metrics/read-samples.ts'
import { sampleToEntry } from '../wire/metrics/sample-entries.ts'
import { identityText, seriesKeyText } from '../wire/metrics/series-identity.ts'
import { OVERFLOW_IDENTITY } from '../wire/metrics/overflow.ts'
import type { BatchSeq } from './metric-part-table.ts'
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
/** Parts written in one transaction: a few milliseconds. */
const PARTS_PER_STEP = 128
const KEY_BYTES = 16
/** Points looked at between two steps. */
const SAMPLES_PER_STEP = 512

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

interface Source {
  readonly id: SourceId
  readonly deviceId: DeviceId
  readonly module: string
}
interface Collected {
  readonly series: SeriesId
  readonly hour: number
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
  *collect(deviceId: DeviceId, module: string, payload: Uint8Array): Steps<void> {
    const { tables, onLeftOut } = this.#deps
    const from: Source = { id: tables.transaction(() => tables.series.sourceOf(deviceId, module)), deviceId, module }
    let [overflow, latestMs, leftOut] = [0, 0, 0]
    for (const page of pagesOf(readSamples(decodeMetrics(payload)), SAMPLES_PER_STEP)) {
      if (this.#generation !== tables.generation) return
      tables.transaction(() => {
        for (const read of page) {
          const series = read && this.#seriesOf(from, read)
          if (read === undefined) leftOut++
          else if (series !== undefined) this.#keep(series, read.sample)
          else {
            overflow++
            latestMs = Math.max(latestMs, read.sample.timeMs)
          }
        }
      })
      yield
    }
    if (leftOut > 0) onLeftOut('unplaced', leftOut)
    if (overflow > 0) tables.transaction(() => this.#keepOverflow(from, overflow, latestMs))
  }

  /**
   * Writes what was collected; the last transaction says that all segments up to `fed` are in. Series that are deleted
   * meanwhile, a purged device's, get nothing more: then it stops, and what is not said to be in is taken in again.
   * @throws {StoreError}
   */
  *write(fed: number, nowMs: number): Steps<void> {
    const { tables } = this.#deps
    const collected = [...this.#collected.values()].sort((a, b) => a.hour - b.hour || a.series - b.series)
    this.#collected = new Map()
    const batches = new Map<number, BatchSeq>()
    for (let at = 0; at < collected.length; at += PARTS_PER_STEP) {
      if (this.#generation !== tables.generation) return
      tables.transaction(() => {
        for (const part of collected.slice(at, at + PARTS_PER_STEP)) {
          const batch = batches.get(part.hour) ?? this.#newBatch(part.hour, nowMs)
          batches.set(part.hour, batch)
          this.#add(batch, part)
        }
      })
      yield
    }
    if (this.#generation === tables.generation) tables.transaction(() => tables.setFed(fed))
  }

  #keep(series: SeriesId, sample: SampleWithExemplars): void {
    const hour = hourOf(sample.timeMs)
    const id = blockId('raw', hour, series) // one number for hour and series
    let block = this.#collected.get(id)
    if (block === undefined) {
      block = { series, hour, samples: [], exemplars: [] }
      this.#collected.set(id, block)
    }
    block.samples.push(sample)
    if (sample.exemplars !== undefined) block.exemplars.push(...sample.exemplars)
  }

  #keepOverflow(source: Source, count: number, timeMs: number): void {
    const series = this.#inserted(source, OVERFLOW_IDENTITY.name, identityText(OVERFLOW_IDENTITY), Infinity)
    if (series !== undefined) this.#keep(series, { timeMs, startMs: 0, value: count })
  }

  /** Undefined where there are too many. */
  #seriesOf(source: Source, { identity, text }: ReadSample): SeriesId | undefined {
    const remembered = `${source.id} ${text}`
    const known = this.#remembered.get(remembered)
    if (known !== undefined || this.#remembered.has(remembered)) return known
    const series = this.#inserted(source, identity.name, text, this.#seriesPerSource)
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear()
    this.#remembered.set(remembered, series)
    return series
  }

  #inserted(
    { id: source, deviceId, module }: Source,
    name: string,
    identity: string,
    most: number,
  ): SeriesId | undefined {
    const { sha256, tables } = this.#deps
    const key = sha256(utf8(seriesKeyText(deviceId, module, identity))).slice(0, KEY_BYTES)
    const known = tables.series.find(key)
    if (known !== undefined) return known
    // A source's own count of what is left out is always kept.
    const isFull = tables.series.countOf(source) >= most || (most < Infinity && tables.series.total() >= MAX_SERIES)
    return isFull ? undefined : tables.series.insert({ key, source, name, identity })
  }

  #newBatch(hour: number, nowMs: number): BatchSeq {
    const { hours, parts } = this.#deps.tables
    hours.touch(hour, nowMs)
    return parts.newBatch(hour)
  }

  #add(batch: BatchSeq, { series, samples, exemplars }: Collected): void {
    const { tables, onLeftOut } = this.#deps
    const sorted = sortSamples(samples)
    const entries = sorted.map(sampleToEntry)
    const fitting = entriesThatFit(entries)
    if (fitting < entries.length) onLeftOut('crowded', entries.length - fitting)
    const thin = thinExemplars(exemplars, MINUTE_MS, EXEMPLARS_PER_RAW_MINUTE).slice(-MAX_BLOCK_EXEMPLARS)
    tables.parts.insert(batch, series, encodeBlock({ entries: entries.slice(0, fitting), exemplars: thin }))
    const last = sorted.at(-1)
    if (last) tables.series.noteLast(series, last.timeMs, typeof last.value === 'number' ? last.value : null)
  }
}

function* pagesOf<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let page: T[] = []
  for (const item of items) {
    page.push(item)
    if (page.length < size) continue
    yield page
    page = []
  }
  yield page
}
