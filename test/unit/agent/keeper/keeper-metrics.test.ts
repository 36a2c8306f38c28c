/** Metrics through a whole keeper: acknowledged, moved to blocks, rolled up, aged, and asked for at every moment of that. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keeperApi } from '../../../../src/agent/keeper/keeper-api.ts'
import type { Keeper } from '../../../../src/agent/keeper/keeper.ts'
import { FEED_AFTER_MS, LOOK_EVERY_MS, ROLL_AFTER_MS } from '../../../../src/agent/keeper/metric-upkeep.ts'
import { codeOf } from '../../../../src/base/errors.ts'
import { concat } from '../../../../src/base/bytes.ts'
import { DEFAULT_METRIC_AGING } from '../../../../src/policy/metric-aging.ts'
import type { MetricList } from '../../../../src/query/metrics/list-metrics.ts'
import type { MetricRange, RangeQuery } from '../../../../src/query/metrics/range-query.ts'
import { encodeMetricsData } from '../../../../src/wire/otlp/encode.ts'
import type { MetricInput, NumberPointInput } from '../../../../src/wire/otlp/write-metric.ts'
import { keeperHome, START_MS, type KeeperHome } from '../../../support/keeper-home.ts'

const OTLP = { kind: 'otlp' } as const
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
let home: KeeperHome
let keeper: Keeper

beforeEach(async () => {
  home = keeperHome()
  keeper = home.create()
  await keeper.setStage('developer')
})
afterEach(() => home.remove())

async function take(of: Keeper, ...metrics: readonly MetricInput[]): Promise<void> {
  const resource = { attributes: { 'service.name': 'app', 'process.pid': 7 } }
  await of.intake.take('metrics', encodeMetricsData({ resource, scope: { name: 'test' }, metrics }), OTLP)
}

function point(atMs: number, value: number, more: Partial<NumberPointInput> = {}): NumberPointInput {
  return { timeUnixNano: BigInt(START_MS + atMs) * 1_000_000n, value, ...more }
}

function gauge(name: string, ...points: readonly NumberPointInput[]): MetricInput {
  return { name, unit: 'By', data: { type: 'gauge', points } }
}

/** A counter that began a second before the test: what its first point counted is of then (ME44). */
function counter(name: string, ...points: readonly NumberPointInput[]): MetricInput {
  const startUnixNano = BigInt(START_MS - 1000) * 1_000_000n
  const since = points.map((each) => ({ startUnixNano, ...each }))
  return { name, data: { type: 'sum', temporality: 2, isMonotonic: true, points: since } }
}

function parsed(json: readonly Uint8Array[]): unknown {
  return JSON.parse(new TextDecoder().decode(concat(...json)))
}

async function list(of: Keeper): Promise<MetricList> {
  return parsed(await keeperApi(of, '').metricList(undefined)) as MetricList
}

async function range(of: Keeper, name: string, query: Partial<RangeQuery> = {}): Promise<MetricRange> {
  const whole = {
    name,
    filters: [],
    fromMs: START_MS,
    toMs: START_MS + HOUR_MS,
    stepMs: MINUTE_MS,
    fn: undefined,
    by: undefined,
  }
  return parsed(await keeperApi(of, '').metricRange({ ...whole, ...query })) as MetricRange
}

/** Values of the first line that are there. */
function valuesOf({ lines, fromUnixMs, stepMs }: MetricRange): readonly (readonly [atMs: number, value: unknown])[] {
  const values = lines[0]?.values ?? []
  return values.flatMap((value, i) => (value === null ? [] : [[fromUnixMs + i * stepMs - START_MS, value] as const]))
}

/** Cuts what is open, and does all the upkeep that is due after a while. */
async function settle(of: Keeper, afterMs = ROLL_AFTER_MS): Promise<void> {
  of.writer.cut(() => true)
  await of.metricUpkeep.run({ everything: true })
  home.clock.advance(afterMs)
  await of.metricUpkeep.run()
}

function parts(of: Keeper): number {
  return (of.store.db.prepare('SELECT count(*) AS n FROM metric_part').get() as { n: number }).n
}

function blocks(of: Keeper): number {
  return of.store.metrics.blocks.totals().blocks
}

describe('what was acknowledged', () => {
  test('[ME02] is in the next answer, from the journal, from segments, from blocks and rolled up', async () => {
    await take(keeper, gauge('memory', point(0, 10), point(10_000, 20), point(61_000, 30)))
    const want = [
      [0, 15],
      [MINUTE_MS, 30],
    ]
    const recent = async () => valuesOf(await range(keeper, 'memory')).slice(0, 2)
    expect(await recent()).toEqual(want)
    keeper.writer.cut(() => true)
    expect(await recent()).toEqual(want)
    expect(blocks(keeper)).toBe(0)
    await keeper.metricUpkeep.run({ everything: true })
    expect(parts(keeper)).toBe(1)
    expect(await recent()).toEqual(want)
    await settle(keeper)
    expect(blocks(keeper)).toBe(3)
    expect(await recent()).toEqual(want)
  })
  test('[STG4] at pro only how devices and processes fare is shown, wherever it lies', async () => {
    await take(keeper, gauge('memory', point(0, 10)), gauge('process.memory.usage', point(0, 20)))
    await keeper.setStage('pro')
    const shown = async () => ({
      names: (await list(keeper)).metrics.map(({ name }) => name),
      memory: await range(keeper, 'memory').catch(codeOf),
      process: valuesOf(await range(keeper, 'process.memory.usage'))[0],
    })
    const want = { names: ['process.memory.usage'], memory: 'METRIC_NOT_FOUND', process: [0, 20] }
    expect(await shown()).toEqual(want)
    await settle(keeper)
    expect(blocks(keeper)).toBeGreaterThan(0)
    expect(await shown()).toEqual(want)
    await keeper.setStage('developer')
    expect((await list(keeper)).metrics).toHaveLength(2)
  })
  test('[ME01] is moved to blocks by the clock alone', async () => {
    await take(keeper, gauge('memory', point(0, 10)))
    keeper.writer.cut(() => true)
    for (let waited = 0; waited <= FEED_AFTER_MS + LOOK_EVERY_MS; waited += LOOK_EVERY_MS) {
      home.clock.advance(LOOK_EVERY_MS)
      await keeper.metricUpkeep.run()
    }
    expect(parts(keeper)).toBe(1)
  })
  test('[ME11] counts once, however often and wherever it comes again', async () => {
    const metric = counter('requests', point(0, 3), point(10_000, 8))
    await take(keeper, metric)
    await settle(keeper)
    await take(keeper, metric)
    const increase = { fn: 'increase', stepMs: HOUR_MS } as const
    expect(valuesOf(await range(keeper, 'requests', increase))).toEqual([[0, 5]])
    await settle(keeper)
    expect(valuesOf(await range(keeper, 'requests', increase))).toEqual([[0, 5]])
    expect(valuesOf(await range(keeper, 'requests', { fn: 'count', stepMs: HOUR_MS }))).toEqual([[0, 2]])
  })
})

describe('tiers', () => {
  test('[ME33] raw goes after two days, minutes after a month, hours after a year, and what is left still answers', async () => {
    await take(keeper, counter('requests', ...Array.from({ length: 60 }, (_, i) => point(i * MINUTE_MS, i * 2))))
    await settle(keeper)
    const hour = async () => valuesOf(await range(keeper, 'requests', { fn: 'increase', stepMs: HOUR_MS }))
    expect(await hour()).toEqual([[0, 118]])
    const { rawMs, minuteMs, hourMs } = DEFAULT_METRIC_AGING
    await settle(keeper, rawMs)
    expect(blocks(keeper)).toBe(2)
    expect(await hour()).toEqual([[0, 118]])
    const byMinute = await range(keeper, 'requests', { fn: 'increase', stepMs: 1_000, toMs: START_MS + HOUR_MS / 2 })
    expect(byMinute).toMatchObject({ stepMs: MINUTE_MS })
    expect(valuesOf(byMinute)[1]).toEqual([MINUTE_MS, 2])
    await settle(keeper, minuteMs)
    expect(blocks(keeper)).toBe(1)
    expect(await hour()).toEqual([[0, 118]])
    await settle(keeper, hourMs)
    expect(blocks(keeper)).toBe(0)
    expect((await list(keeper)).metrics).toEqual([])
  })
  test('[ME32] roll-ups outlive their segments, and taking all segments in again changes nothing', async () => {
    await take(keeper, counter('requests', point(0, 3), point(10_000, 8)))
    await settle(keeper)
    await settle(keeper, DEFAULT_METRIC_AGING.rawMs)
    keeper.store.db.exec('DELETE FROM segment')
    await take(keeper, counter('requests', point(20_000, 9)))
    await settle(keeper)
    await keeper.metricUpkeep.reindex()
    await settle(keeper)
    // The point that came when the others' were gone is of a minute that was made of more.
    expect(valuesOf(await range(keeper, 'requests', { fn: 'increase', stepMs: HOUR_MS }))).toEqual([[0, 5]])
  })
  test('[ME03] a segment cut after all others were deleted is taken in', async () => {
    await take(keeper, gauge('memory', point(0, 10)))
    await settle(keeper)
    keeper.store.db.exec('DELETE FROM segment')
    await take(keeper, gauge('memory', point(MINUTE_MS, 20)))
    await settle(keeper)
    expect(valuesOf(await range(keeper, 'memory')).slice(0, 2)).toEqual([
      [0, 10],
      [MINUTE_MS, 20],
    ])
  })
  test('[ME10] times of 1970 and 2262 are kept, and age from when they came', async () => {
    const last = 9_223_372_036_854_000_000n
    await take(keeper, gauge('memory', { timeUnixNano: 1_000_000n, value: 1 }, { timeUnixNano: last, value: 2 }))
    await settle(keeper)
    expect(valuesOf(await range(keeper, 'memory', { fromMs: 0, toMs: HOUR_MS, stepMs: HOUR_MS, fn: 'last' }))).toEqual([
      [-START_MS, 1],
    ])
    const lastMs = Number(last / 1_000_000n)
    const late = await range(keeper, 'memory', {
      fromMs: lastMs - 1_000,
      toMs: lastMs + 1_000,
      stepMs: 1_000,
      fn: 'last',
    })
    expect(late.lines[0]?.values).toContain(2)
    await settle(keeper, DEFAULT_METRIC_AGING.hourMs + DAY_MS)
    expect(blocks(keeper)).toBe(0)
  })
})

describe('a crash', () => {
  test('[ME03] between writing blocks and noting it loses nothing and counts nothing twice', async () => {
    await take(keeper, counter('requests', point(0, 3), point(10_000, 8)))
    keeper.writer.cut(() => true)
    await keeper.metricUpkeep.run({ everything: true })
    keeper.store.metrics.setFed(0)
    const copy = home.crashCopy()
    const again = copy.reopen()
    await again.metricUpkeep.run({ everything: true })
    expect(valuesOf(await range(again, 'requests', { fn: 'increase', stepMs: HOUR_MS }))).toEqual([[0, 5]])
    again.close()
  })
})

describe('a write that fails', () => {
  test('[ME34] is told, keeps nothing from being answered, and what it did is not done twice', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `metric ${i}`)
    await take(keeper, ...names.map((name) => counter(name, point(0, 3), point(10_000, 8))))
    keeper.writer.cut(() => true)
    const increases = async (name: string) => valuesOf(await range(keeper, name, { fn: 'increase', stepMs: HOUR_MS }))
    // Some transactions go well before one does not.
    const fails = 'WHEN (SELECT count(*) FROM metric_part) >= 200'
    keeper.store.db.exec(
      `CREATE TRIGGER full BEFORE INSERT ON metric_part ${fails} BEGIN SELECT raise(ABORT, 'full'); END`,
    )
    await keeper.metricUpkeep.run({ everything: true })
    expect(home.failures.map(codeOf)).toEqual(['STORE_FAILED'])
    expect([parts(keeper), keeper.store.metrics.fed()]).toEqual([128, 0])
    expect(await increases('metric 299')).toEqual([[0, 5]])
    keeper.store.db.exec('DROP TRIGGER full')
    await settle(keeper)
    expect(home.failures).toHaveLength(1)
    expect(parts(keeper)).toBe(0)
    for (const name of ['metric 0', 'metric 127', 'metric 128', 'metric 299']) {
      expect(await increases(name)).toEqual([[0, 5]])
      expect(valuesOf(await range(keeper, name, { fn: 'count', stepMs: HOUR_MS }))).toEqual([[0, 2]])
    }
  })
})

describe('what is no finite number', () => {
  const times = [0, 10_000, 20_000]
  const cases: readonly {
    readonly name: string
    readonly values: readonly number[]
    readonly last: number | string | null
    /** By ten seconds. */
    readonly want: readonly (number | string | null)[]
  }[] = [
    { name: 'infinity', values: [1, Infinity], last: 'Infinity', want: [1, 'Infinity', 'Infinity'] },
    { name: 'minus infinity', values: [-Infinity, 1], last: 1, want: ['-Infinity', 1, 1] },
    { name: 'NaN, which says that there is no value', values: [1, Number.NaN], last: null, want: [1, null, null] },
    { name: 'NaN and then a number', values: [Number.NaN, 2], last: 2, want: [null, 2, 2] },
    { name: 'NaN alone', values: [Number.NaN], last: null, want: [null, null, null] },
  ]
  test.each(cases)(
    '[ME13] $name is listed and shown alike from the journal, from segments and from blocks',
    async ({ values, last, want }) => {
      await take(keeper, gauge('m', ...values.map((value, i) => point(times[i] as number, value))))
      const said = async () => {
        const { metrics } = await list(keeper)
        const { lines } = await range(keeper, 'm', { fn: 'last', stepMs: 10_000, toMs: START_MS + 30_000 })
        return [metrics[0]?.lastValue, metrics[0]?.lastUnixMs, lines[0]?.values]
      }
      const all = [last, START_MS + (times[values.length - 1] as number), want]
      expect(await said()).toEqual(all)
      keeper.writer.cut(() => true)
      expect(await said()).toEqual(all)
      await keeper.metricUpkeep.run({ everything: true })
      expect(await said()).toEqual(all)
      await settle(keeper)
      expect(await said()).toEqual(all)
    },
  )
  test('[ME11] of one time the list has the same value in whatever order and part they came', async () => {
    for (const values of [
      [Number.NaN, 2, 1],
      [2, 1, Number.NaN],
    ]) {
      const name = values.join(' ')
      for (const value of values) {
        await take(keeper, gauge(name, point(0, value)))
        keeper.writer.cut(() => true)
        await keeper.metricUpkeep.run({ everything: true })
        await take(keeper, gauge(name, point(0, values[0] as number)))
      }
      expect((await list(keeper)).metrics.find((metric) => metric.name === name)?.lastValue).toBe(2)
      expect((await range(keeper, name, { fn: 'last' })).lines[0]?.values[0]).toBe(2)
    }
  })
})

describe('the list', () => {
  test('[ME40] names each metric once with its kind, its sources and its latest value', async () => {
    await take(keeper, gauge('memory', point(0, 10), point(10_000, 20)), counter('requests', point(0, 3)))
    const want = [
      {
        name: 'memory',
        unit: 'By',
        type: 'gauge',
        temporality: null,
        series: 1,
        lastUnixMs: START_MS + 10_000,
        lastValue: 20,
      },
      {
        name: 'requests',
        type: 'sum',
        temporality: 'cumulative',
        monotonic: true,
        modules: ['otlp/app'],
        lastValue: 3,
      },
    ]
    expect((await list(keeper)).metrics).toMatchObject(want)
    await settle(keeper)
    expect((await list(keeper)).metrics).toMatchObject(want)
  })
})
