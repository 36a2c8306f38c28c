/** Metrics in their tiers: points taken from payloads into blocks, bytes on disk, rolling up, and a day of one series read. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Steps } from '../src/base/steps.ts'
import type { DeviceId } from '../src/model/ids.ts'
import { blockId, HOUR_MS } from '../src/model/metrics/tiers.ts'
import { nodeCrypto } from '../src/platform/node-crypto.ts'
import type { MetricSource } from '../src/query/metrics/metric-source.ts'
import { queryRange, type MetricRange } from '../src/query/metrics/range-query.ts'
import { MetricFeed } from '../src/store/metric-feed.ts'
import { MetricRoll } from '../src/store/metric-roll.ts'
import { openEncrypted } from '../src/store/open-encrypted.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { encodeMetricsData } from '../src/wire/otlp/encode.ts'
import type { MetricInput, NumberPointInput } from '../src/wire/otlp/write-metric.ts'
import { percentile, type Measure } from './support/measure.ts'

export const name = 'metrics'
export const what =
  'Three hours of 500 gauges of two decimal places and 500 counters, a point every 10 s, taken from OTLP payloads into raw blocks, ' +
  'six points of each at a time, as the agent does every minute, in the encrypted store; then rolled up. Then a day of one gauge ' +
  '(8,640 points) queried at 10 s and, from minutes, at 5 min. The raw limit stores and reads the same points as bare rows ' +
  '(series, time, value) of an encrypted table, by series and time.'

const SERIES = 1_000
const HOURS = 3
const INTERVAL_MS = 10_000
/** Points of each series that are taken at once: a minute's. */
const POINTS_AT_ONCE = 6
const METRICS_AT_ONCE = 250
const T0_MS = Date.UTC(2026, 10, 22)
const DAY_POINTS = 8_640
const QUERIES = 60
/** What we want a regular point to take on disk, tables and indexes included, in bytes. */
const GOAL_BYTES = 2
/** Others wait for one step of this at most, in milliseconds. */
const GOAL_STEP_MS = 20
const DEVICE = '5a'.repeat(32) as DeviceId
const KEY = new Uint8Array(32).fill(7)

export function run(): Promise<readonly Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-metrics-'))
  try {
    return Promise.resolve(measure(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function measure(folder: string): readonly Measure[] {
  feedAll(join(folder, 'warm-up.db'), 20).store.close()
  const bare = bareRows(join(folder, 'bare.db'))
  const { store, feedS, longestStepMs, emptyBytes } = feedAll(join(folder, 'store.db'), POINTS)
  const points = SERIES * POINTS
  const addedBytes = usedBytes(store) - emptyBytes
  const roll = rollAll(store)
  const rolledBytes = usedBytes(store) - emptyBytes
  feedDay(store)
  const fine = queries(store, INTERVAL_MS)
  const coarse = queries(store, 300_000)
  store.db.prepare('DELETE FROM metric_block WHERE id >= ?').run(blockId('minute', 0, 0))
  const rawBytes = usedBytes(store) - emptyBytes
  store.close()
  const raw = (value: number) => ({ label: 'bare rows', value })
  return [
    {
      label: 'points taken in',
      unit: 'points/s',
      better: 'higher',
      ours: points / feedS,
      raw: raw(points / bare.insertS),
    },
    { label: 'points joined and rolled up', unit: 'points/s', better: 'higher', ours: points / roll.seconds },
    {
      label: 'longest step of both',
      unit: 'ms',
      better: 'lower',
      ours: Math.max(longestStepMs, roll.longestMs),
      goal: GOAL_STEP_MS,
    },
    {
      label: 'a point on disk',
      unit: 'B',
      better: 'lower',
      ours: rawBytes / points,
      raw: raw(bare.bytes / points),
      goal: GOAL_BYTES,
    },
    { label: 'its roll-ups besides', unit: 'B', better: 'lower', ours: (rolledBytes - rawBytes) / points },
    { label: 'a point of the hour under way', unit: 'B', better: 'lower', ours: addedBytes / points },
    { label: 'a day of 10 s points, p95', unit: 'ms', better: 'lower', ours: fine, raw: raw(bare.dayMs) },
    { label: 'a day at 5 min from minutes, p95', unit: 'ms', better: 'lower', ours: coarse },
  ]
}

const POINTS = (HOURS * HOUR_MS) / INTERVAL_MS

interface Fed {
  readonly store: Store
  readonly feedS: number
  readonly longestStepMs: number
  /** Of the database before the first point. */
  readonly emptyBytes: number
}

function feedAll(path: string, points: number): Fed {
  const store = openStore(path, KEY, { mustExist: false })
  const emptyBytes = usedBytes(store)
  const feed = feedOf(store)
  let [feedS, longestStepMs] = [0, 0]
  for (let at = 0; at < points; at += POINTS_AT_ONCE) {
    const payloads = payloadsOf(at, Math.min(POINTS_AT_ONCE, points - at))
    feedS += seconds(() => {
      feed.begin()
      for (const payload of payloads) {
        longestStepMs = Math.max(longestStepMs, longestStepOf(feed.collect(DEVICE, 'bench', payload)))
      }
      longestStepMs = Math.max(longestStepMs, longestStepOf(feed.write(at, T0_MS)))
    })
  }
  return { store, feedS, longestStepMs, emptyBytes }
}

function feedOf(store: Store): MetricFeed {
  return new MetricFeed({ tables: store.metrics, sha256: nodeCrypto.sha256, onLeftOut: () => {} })
}

/** Pages in use: what was deleted is used again. */
function usedBytes({ db }: Store): number {
  const of = (pragma: string): number => db.pragma(pragma, { simple: true }) as number
  return (of('page_count') - of('freelist_count')) * of('page_size')
}

/** A machine's gauges wander and jitter; a program's counters grow. */
function valueOf(series: number, at: number): number {
  const jitter = (Math.imul(at + series * 7_919, 2_654_435_761) >>> 16) / 65_536
  if (series % 2 === 0) return Math.round(5_000 + 2_000 * Math.sin(at / 40 + series) + 50 * jitter) / 100
  return at * (1 + (series % 17)) + Math.floor(jitter * 4)
}

/** As many metrics as a segment holds in each. */
function payloadsOf(at: number, count: number): readonly Uint8Array[] {
  return Array.from({ length: SERIES / METRICS_AT_ONCE }, (_, i) => payloadOf(i * METRICS_AT_ONCE, at, count))
}

function payloadOf(from: number, at: number, count: number): Uint8Array {
  const metrics = Array.from({ length: METRICS_AT_ONCE }, (_, s): MetricInput => {
    const series = from + s
    const points = Array.from({ length: count }, (_unused, i) => pointOf(series, at + i))
    const of = `metric.${series % 50}`
    return series % 2 === 0
      ? { name: of, unit: '1', data: { type: 'gauge', points } }
      : { name: of, unit: '1', data: { type: 'sum', temporality: 2, isMonotonic: true, points } }
  })
  return encodeMetricsData({ resource: { attributes: { 'service.name': 'bench' } }, scope: { name: 'bench' }, metrics })
}

function pointOf(series: number, at: number): NumberPointInput {
  const attributes = { route: `/route/${Math.floor(series / 50)}`, method: 'GET' }
  const timeUnixNano = BigInt(T0_MS + at * INTERVAL_MS) * 1_000_000n
  return { timeUnixNano, startUnixNano: BigInt(T0_MS) * 1_000_000n, value: valueOf(series, at), attributes }
}

function rollAll(store: Store): { readonly seconds: number; readonly longestMs: number } {
  const roll = new MetricRoll({ tables: store.metrics, onCrowded: () => {} })
  const times: number[] = []
  for (;;) {
    const startedMs = performance.now()
    const isMore = roll.step(Number.MAX_SAFE_INTEGER)
    times.push((performance.now() - startedMs) / 1000)
    if (!isMore) break
  }
  return { seconds: times.reduce((sum, each) => sum + each, 0), longestMs: 1000 * Math.max(...times) }
}

/** A whole day of one more gauge, rolled up as far as an agent would have it: all but the last hour. */
function feedDay(store: Store): void {
  const feed = feedOf(store)
  const points = Array.from({ length: DAY_POINTS }, (_, i) => ({ ...pointOf(0, i), attributes: {} }))
  const resource = { attributes: { 'service.name': 'bench' } }
  feed.begin()
  for (let at = 0; at < DAY_POINTS; at += 1_000) {
    const metrics: readonly MetricInput[] = [
      { name: 'day', data: { type: 'gauge', points: points.slice(at, at + 1_000) } },
    ]
    finish(feed.collect(DEVICE, 'bench', encodeMetricsData({ resource, scope: { name: 'bench' }, metrics })))
  }
  finish(feed.write(1, T0_MS))
  rollAll(store)
}

function queries(store: Store, stepMs: number): number {
  const query = {
    name: 'day',
    filters: [],
    fromMs: T0_MS,
    toMs: T0_MS + 24 * HOUR_MS,
    stepMs,
    fn: undefined,
    by: undefined,
  }
  const deps = { source: sourceOf(store), knowledge: { self: DEVICE, members: [] } }
  const times = Array.from({ length: QUERIES }, () => {
    let answer: MetricRange | undefined
    const tookMs =
      1000 *
      seconds(() => {
        answer = finish(queryRange(query, deps))
      })
    const values = answer?.lines[0]?.values ?? []
    if (values.length !== (24 * HOUR_MS) / stepMs || values.includes(null)) throw new Error('the answer is not whole')
    return tookMs
  })
  return percentile(times.slice(QUERIES / 10), 95)
}

function sourceOf({ metrics }: Store): MetricSource {
  return {
    series: (of) => metrics.series.named(of),
    hours: (from, to) =>
      metrics.hours.between(from, to).map(({ hour, raw, minute, isDirty }) => ({
        hour,
        hasRaw: raw === 'kept',
        hasMinutes: minute === 'kept',
        isDirty,
      })),
    block: (tier, hour, series) => metrics.blocks.get(blockId(tier, hour, series)),
    parts: () => [],
    tail: () => [],
  }
}

/** The same points at the same pace as rows, and a day of one series read from them. */
function bareRows(path: string): { readonly insertS: number; readonly bytes: number; readonly dayMs: number } {
  const db = openEncrypted(path, KEY)
  // In the order in which they come and are asked for: by series and time, without another index.
  db.exec('CREATE TABLE point (series INTEGER, time INTEGER, value REAL, PRIMARY KEY (series, time)) WITHOUT ROWID')
  const insert = db.prepare('INSERT INTO point VALUES (?, ?, ?)')
  let insertS = 0
  for (let at = 0; at < POINTS; at += POINTS_AT_ONCE) {
    insertS += seconds(
      db.transaction(() => {
        for (let series = 0; series < SERIES; series++) {
          for (let i = at; i < at + POINTS_AT_ONCE; i++) insert.run(series, T0_MS + i * INTERVAL_MS, valueOf(series, i))
        }
      }),
    )
  }
  db.pragma('wal_checkpoint(TRUNCATE)')
  const bytes = statSync(path).size
  db.transaction(() => {
    for (let i = 0; i < DAY_POINTS; i++) insert.run(SERIES, T0_MS + i * INTERVAL_MS, valueOf(0, i))
  })()
  const select = db.prepare('SELECT time, value FROM point WHERE series = ?')
  const times = Array.from({ length: QUERIES }, () => 1000 * seconds(() => select.all(SERIES)))
  db.close()
  return { insertS, bytes, dayMs: percentile(times, 95) }
}

function seconds(work: () => unknown): number {
  const startedMs = performance.now()
  work()
  return (performance.now() - startedMs) / 1000
}

/** In milliseconds. */
function longestStepOf(steps: Steps<unknown>): number {
  let longestMs = 0
  for (;;) {
    const startedMs = performance.now()
    const { done } = steps.next()
    longestMs = Math.max(longestMs, performance.now() - startedMs)
    if (done === true) return longestMs
  }
}

function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
