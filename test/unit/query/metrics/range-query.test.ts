import { afterEach, describe, expect, test } from 'vitest'
import { codeOf } from '../../../../src/base/errors.ts'
import type { TraceId } from '../../../../src/model/ids.ts'
import type { MetricFunction } from '../../../../src/query/metrics/metric-function.ts'
import { LOOKBACK_MS } from '../../../../src/query/metrics/measure.ts'
import { MAX_LINES, MAX_STEPS, type RangeQuery } from '../../../../src/query/metrics/range-query.ts'
import { MAX_TAIL_RAW_BYTES } from '../../../../src/query/metrics/tail.ts'
import { encodeMetricsData } from '../../../../src/wire/otlp/encode.ts'
import type { MetricDataInput, NumberPointInput } from '../../../../src/wire/otlp/write-metric.ts'
import { LAPTOP, MetricStore, PHONE, rangeQuery } from '../../../support/metric-store.ts'
import { bytesField, chunkRef, data, fixed64Field, idField, textField } from '../make-chunk.ts'

const MINUTE_MS = 60_000
const stores: MetricStore[] = []
afterEach(() => {
  for (const store of stores.splice(0)) store.remove()
})

function newStore(options?: ConstructorParameters<typeof MetricStore>[0]): MetricStore {
  const store = new MetricStore(options)
  stores.push(store)
  return store
}

function point(atMs: number, value: number, attributes: Record<string, string> = {}): NumberPointInput {
  return { timeUnixNano: BigInt(atMs) * 1_000_000n, value, attributes }
}

function metric(
  name: string,
  of: MetricDataInput,
  more: { unit?: string; service?: string; run?: string } = {},
): Uint8Array {
  const run = more.run === undefined ? {} : { 'service.instance.id': more.run }
  const resource = { attributes: { 'service.name': more.service ?? 'shop', ...run } }
  return encodeMetricsData({ resource, scope: { name: 'lib' }, metrics: [{ name, unit: more.unit ?? '1', data: of }] })
}

const gauge = (...points: readonly NumberPointInput[]): MetricDataInput => ({ type: 'gauge', points })
const counter = (...points: readonly NumberPointInput[]): MetricDataInput => {
  return { type: 'sum', temporality: 2, isMonotonic: true, points }
}

/** Counts of values up to 10, up to 20, and above. */
function histogram(atMs: number, temporality: number, buckets: readonly number[], bounds = [10, 20]): MetricDataInput {
  const count = buckets.reduce((sum, each) => sum + each, 0)
  const times = { timeUnixNano: BigInt(atMs) * 1_000_000n, startUnixNano: 1_000_000n }
  const values = { count, sum: count * 8, bucketCounts: buckets, explicitBounds: bounds }
  return { type: 'histogram', temporality, points: [{ ...times, ...values }] }
}

function valuesOf(store: MetricStore, more: Partial<RangeQuery> = {}): readonly unknown[] {
  return store.query(rangeQuery('m', { toMs: 5 * MINUTE_MS, ...more })).lines[0]?.values ?? []
}

function codeFrom(work: () => unknown): string {
  try {
    work()
    return 'answered'
  } catch (err) {
    return codeOf(err)
  }
}

describe('staleness', () => {
  test('[ME43] a gauge holds its value for five minutes and no longer', () => {
    const store = newStore()
    store.add([metric('m', gauge(point(1_000, 7)))])
    const steps = LOOKBACK_MS / MINUTE_MS + 3
    const want = Array.from({ length: steps }, (_, i) => (i * MINUTE_MS < 1_000 + LOOKBACK_MS ? 7 : null))
    expect(valuesOf(store, { toMs: steps * MINUTE_MS })).toEqual(want)
    expect(want).toContain(null)
    expect(valuesOf(store, { fn: 'count' })).toEqual([1, null, null, null, null])
  })
  test('[ME13] no recorded value ends it at once, raw and rolled up', () => {
    const store = newStore()
    const times = (atMs: number) => fixed64Field(3, BigInt(atMs) * 1_000_000n)
    const none = Uint8Array.of(0x40, 1)
    const points = [
      bytesField(1, Uint8Array.of(...times(1_000), 0x31, 7, 0, 0, 0, 0, 0, 0, 0)),
      bytesField(1, Uint8Array.of(...times(90_000), ...none)),
    ]
    const payload = data(
      Uint8Array.of(...textField(1, 'm'), ...bytesField(5, Uint8Array.of(...(points[0] ?? []), ...(points[1] ?? [])))),
    )
    store.add([payload])
    expect(valuesOf(store)).toEqual([7, null, null, null, null])
    store.rollAll()
    expect(valuesOf(store)).toEqual([7, null, null, null, null])
  })
  test('[ME44] a counter adds its share up to the samples before and after the range', () => {
    const store = newStore()
    store.add([metric('m', counter(point(50_000, 100), point(70_000, 130), point(370_000, 430)))])
    expect(valuesOf(store, { fromMs: MINUTE_MS, fn: 'increase' })).toEqual([15 + 50, 60, 60, 60])
    expect(valuesOf(store, { fromMs: MINUTE_MS, fn: 'rate' })).toEqual([65 / 60, 1, 1, 1])
    expect(valuesOf(store, { fromMs: MINUTE_MS, fn: 'count' })).toEqual([1, null, null, null])
    expect(valuesOf(store, { fromMs: MINUTE_MS, fn: 'last' })).toEqual([130, null, null, null])
  })
})

describe('histograms', () => {
  const quantiles = (store: MetricStore): readonly unknown[] =>
    (['p50', 'p90', 'count', 'avg', 'rate'] as const).map((fn) => valuesOf(store, { fn })[1])
  test('[ME46] of deltas and of cumulative ones say the same', () => {
    const [deltas, cumulative] = [newStore(), newStore()]
    deltas.add([metric('m', histogram(61_000, 1, [2, 2, 0]))])
    cumulative.add([metric('m', histogram(60_000, 2, [8, 0, 0])), metric('m', histogram(120_000, 2, [10, 2, 0]))])
    expect(quantiles(deltas)).toEqual([10, 18, 4, 8, 4 / 60])
    expect(quantiles(cumulative)).toEqual(quantiles(deltas))
    for (const store of [deltas, cumulative]) store.rollAll()
    expect(quantiles(cumulative)).toEqual(quantiles(deltas))
  })
  test('[ME46] of different bounds are joined', () => {
    const store = newStore()
    store.add([metric('m', histogram(61_000, 1, [4, 0, 0])), metric('m', histogram(61_000, 1, [0, 4], [100]))])
    // Four values up to 10, four at 100, which is all that is known of them.
    expect(valuesOf(store, { fn: 'p50', by: [] })[1]).toBe(10)
    expect(valuesOf(store, { fn: 'p99', by: [] })[1]).toBe(100)
  })
})

describe('lines', () => {
  function shop(): MetricStore {
    const store = newStore()
    const all = [point(1_000, 1, { route: '/a', zone: 'x' }), point(1_000, 3, { route: '/b', zone: 'x' })]
    store.add([metric('m', gauge(...all))])
    store.add([metric('m', gauge(point(1_000, 8, { route: '/a', zone: 'y' })))], { deviceId: LAPTOP, module: 'core' })
    return store
  }
  const asked = (store: MetricStore, more: Partial<RangeQuery>) =>
    store
      .query(rangeQuery('m', { toMs: MINUTE_MS, ...more }))
      .lines.map(({ labels, values, series }) => [labels, values[0], series])

  test('[ME47] one a series, with what tells it from others', () => {
    expect(asked(shop(), {}).map(([labels]) => labels)).toEqual([
      { device: 'phone', module: 'app', 'service.name': 'shop', route: '/a', zone: 'x' },
      { device: 'phone', module: 'app', 'service.name': 'shop', route: '/b', zone: 'x' },
      { device: 'laptop', module: 'core', 'service.name': 'shop', route: '/a', zone: 'y' },
    ])
  })
  test('[ME47] runs of a program are one line, unless they are asked for', () => {
    const store = newStore()
    store.add([metric('m', gauge(point(1_000, 4)), { run: 'a' }), metric('m', gauge(point(1_000, 2)), { run: 'b' })])
    store.add([metric('m', gauge(point(1_000, 9)), { service: 'bank', run: 'c' })])
    expect(asked(store, {})).toEqual([
      [{ device: 'phone', module: 'app', 'service.name': 'shop' }, 3, 2],
      [{ device: 'phone', module: 'app', 'service.name': 'bank', 'service.instance.id': 'c' }, 9, 1],
    ])
    const runs = asked(store, { by: ['service.instance.id'] }).map(([labels]) => labels)
    expect(runs).toEqual(['a', 'b', 'c'].map((run) => ({ 'service.instance.id': run })))
  })
  const joined: readonly { name: string; more: Partial<RangeQuery>; want: readonly unknown[] }[] = [
    {
      name: 'by an attribute',
      more: { by: ['route'] },
      want: [
        [{ route: '/a' }, 4.5, 2],
        [{ route: '/b' }, 3, 1],
      ],
    },
    {
      name: 'by device and zone',
      more: { by: ['device', 'zone'] },
      want: [
        [{ device: 'phone', zone: 'x' }, 2, 2],
        [{ device: 'laptop', zone: 'y' }, 8, 1],
      ],
    },
    { name: 'all in one', more: { by: [], fn: 'max' }, want: [[{}, 8, 3]] },
    { name: 'by what some have not', more: { by: ['nothing'], fn: 'sum' }, want: [[{ nothing: '' }, 12, 3]] },
    {
      name: 'of one device by name',
      more: { by: [], filters: [{ label: 'device', value: 'laptop' }] },
      want: [[{}, 8, 1]],
    },
    {
      name: 'of one device by id',
      more: { by: [], filters: [{ label: 'device', value: PHONE.slice(0, 8) }] },
      want: [[{}, 2, 2]],
    },
    {
      name: 'of a module and a resource',
      more: {
        by: ['module'],
        filters: [
          { label: 'service.name', value: 'shop' },
          { label: 'route', value: '/a' },
        ],
      },
      want: [
        [{ module: 'app' }, 1, 1],
        [{ module: 'core' }, 8, 1],
      ],
    },
  ]
  test.each(joined)('[ME47] $name', ({ more, want }) => expect(asked(shop(), more)).toEqual(want))

  test('[ME42] no more than a hundred, and the rest counted', () => {
    const store = newStore()
    store.add([metric('m', gauge(...Array.from({ length: MAX_LINES + 5 }, (_, i) => point(1_000, i, { i: `${i}` }))))])
    expect(store.query(rangeQuery('m'))).toMatchObject({ omittedLines: 5, lines: { length: MAX_LINES } })
  })
  test('[ME47] of two kinds of one name the one of more series is shown, the other counted', () => {
    const store = newStore()
    store.add([
      metric('m', counter(point(1_000, 1))),
      metric('m', gauge(point(1_000, 1, { a: '1' }), point(1_000, 2, { a: '2' }))),
    ])
    expect(store.query(rangeQuery('m'))).toMatchObject({ type: 'gauge', otherKinds: 1, lines: { length: 2 } })
  })
})

describe('exemplars', () => {
  test('[ME14] of the range lead to their traces from every tier', () => {
    const store = newStore()
    const traceOf = (n: number) => n.toString(16).padStart(32, '0') as TraceId
    const exemplar = (atMs: number, trace: number) =>
      bytesField(
        5,
        Uint8Array.of(
          ...fixed64Field(2, BigInt(atMs) * 1_000_000n),
          0x31,
          trace,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          ...idField(5, traceOf(trace)),
        ),
      )
    const withExemplars = (atMs: number, ...traces: readonly number[]) =>
      bytesField(
        1,
        Uint8Array.of(
          ...fixed64Field(3, BigInt(atMs) * 1_000_000n),
          0x31,
          7,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          ...traces.flatMap((n) => [...exemplar(atMs - 500, n)]),
        ),
      )
    store.add([
      data(
        Uint8Array.of(
          ...textField(1, 'm'),
          ...bytesField(5, Uint8Array.of(...withExemplars(1_000, 1, 2, 9, 4, 5, 6), ...withExemplars(70_000, 3))),
        ),
      ),
    ])
    const traces = () => store.query(rangeQuery('m')).exemplars.map(({ traceId }) => Number(`0x${traceId}`))
    expect(traces()).toEqual([9, 3])
    store.rollAll()
    store.age({ raw: 1, minute: -1, hour: -1 })
    expect(traces()).toEqual([9, 3])
    store.age({ raw: 1, minute: 1, hour: -1 })
    // Of an hour those of the four largest values are left, all of its first minute.
    expect(traces()).toEqual([9])
  })
})

describe('what has no answer', () => {
  const cases: readonly { name: string; query: Partial<RangeQuery>; want: string }[] = [
    { name: 'a name nobody recorded', query: { name: 'other' }, want: 'METRIC_NOT_FOUND' },
    { name: 'a filter nothing matches', query: { filters: [{ label: 'a', value: 'b' }] }, want: 'METRIC_NOT_FOUND' },
    { name: 'a rate of a gauge', query: { fn: 'rate' }, want: 'METRIC_FUNCTION' },
    { name: 'percentiles of a gauge', query: { fn: 'p99' }, want: 'METRIC_FUNCTION' },
    { name: 'an empty range', query: { toMs: 0 }, want: 'METRIC_RANGE' },
    { name: 'a step under a second', query: { stepMs: 999 }, want: 'METRIC_RANGE' },
    { name: 'one step too many', query: { toMs: (MAX_STEPS + 1) * 1_000, stepMs: 1_000 }, want: 'METRIC_RANGE' },
  ]
  test.each(cases)('[ME45] $name: $want', ({ query, want }) => {
    const store = newStore()
    store.add([metric('m', gauge(point(1_000, 7)))])
    expect(codeFrom(() => store.query(rangeQuery('m', query)))).toBe(want)
  })
  test('[ME42] as many steps as one answer holds', () => {
    const store = newStore()
    store.add([metric('m', gauge(point(1_000, 7)))])
    expect(store.query(rangeQuery('m', { toMs: MAX_STEPS * 1_000, stepMs: 1_000 })).lines[0]?.values).toHaveLength(
      MAX_STEPS,
    )
  })
  test.each<{ name: string; of: MetricDataInput; has: readonly MetricFunction[] }>([
    { name: 'counters', of: counter(point(1, 1)), has: ['rate', 'increase', 'sum', 'last', 'count'] },
    {
      name: 'states',
      of: { ...counter(point(1, 1)), isMonotonic: false } as MetricDataInput,
      has: ['avg', 'min', 'max', 'sum', 'last', 'count'],
    },
    {
      name: 'histograms',
      of: histogram(1, 1, [1, 0, 0]),
      has: ['p90', 'p50', 'p99', 'avg', 'min', 'max', 'sum', 'rate', 'increase', 'count'],
    },
  ])('[ME45] $name have their functions and say which', ({ of, has }) => {
    const store = newStore()
    store.add([metric('m', of)])
    expect(store.query(rangeQuery('m')).functions).toEqual(has)
  })
})

describe('the tail', () => {
  const refOf = (atMs: number, value: number, rawBytes?: number) => {
    const chunk = {
      deviceId: PHONE,
      module: 'app',
      provenance: 'verified' as const,
      payload: metric('m', gauge(point(atMs, value))),
    }
    return { ...chunkRef(chunk, [0n]), ...(rawBytes === undefined ? {} : { rawBytes }) }
  }
  test('[ME02] is joined to what is in blocks, rolled up or not, and copies count once', () => {
    const store = newStore()
    store.add([metric('m', gauge(point(1_000, 7)))])
    const tail = [refOf(1_000, 7), refOf(2_000, 9)]
    const asked = () =>
      store.query(rangeQuery('m', { fn: 'count', toMs: MINUTE_MS }), tail).lines.map(({ values }) => values)
    expect(asked()).toEqual([[2]])
    store.rollAll()
    expect(asked()).toEqual([[2]])
  })
  test('[ME02] beyond its bound is left out, the oldest first, and counted', () => {
    const store = newStore()
    const tail = [refOf(1_000, 1), refOf(2_000, 2, MAX_TAIL_RAW_BYTES), refOf(3_000, 3)]
    expect(store.query(rangeQuery('m', { fn: 'last' }), tail)).toMatchObject({
      omittedChunks: 2,
      lines: [{ values: expect.arrayContaining([3]) as unknown }],
    })
  })
})

describe('cardinality', () => {
  test('[ME08] what is over a source’s limit is counted in its overflow series, and other sources are not touched', () => {
    const store = newStore({ seriesPerSource: 3 })
    const many = (at: number) =>
      metric('m', gauge(...Array.from({ length: 10 }, (_, i) => point(at, i, { i: `${i}` }))))
    store.add([many(1_000), many(61_000)])
    store.add([many(1_000)], { module: 'other' })
    const of = (module: string, name: string) =>
      store.query(
        rangeQuery(name, {
          filters: [{ label: 'module', value: module }],
          by: [],
          fn: 'count',
          toMs: 3_600_000,
          stepMs: 3_600_000,
        }),
      )
    expect(of('app', 'm').lines[0]?.values).toEqual([6])
    expect(of('other', 'm').lines[0]?.values).toEqual([3])
    const overflow = store.query(
      rangeQuery('otel.metric.overflow', { by: ['module', 'otel.metric.overflow'], fn: 'sum', stepMs: 3_600_000 }),
    )
    expect(overflow).toMatchObject({
      unit: '{point}',
      lines: [{ values: [14], labels: { module: 'app', 'otel.metric.overflow': 'true' } }, { values: [7] }],
    })
    store.add([many(1_000), many(61_000)])
    expect(of('app', 'm').lines[0]?.values).toEqual([6])
  })
  test('[ME08] series of which nothing is left free their place', () => {
    const store = newStore({ seriesPerSource: 1 })
    store.add([metric('old', gauge(point(1_000, 1)))])
    store.rollAll()
    store.age({ raw: 1, minute: 1, hour: 1 })
    store.add([metric('new', gauge(point(1_000, 1)))])
    expect([...store.store.metrics.series.named(undefined)].map(({ identity }) => identity)).toEqual([
      expect.stringContaining('"new"'),
    ])
  })
  test('[ME05] a device’s series and points go together, and no other’s', () => {
    const store = newStore()
    for (const deviceId of [PHONE, LAPTOP]) store.add([metric('m', gauge(point(1_000, 1)))], { deviceId })
    store.rollAll()
    store.add([metric('m', gauge(point(2_000, 1)))], { deviceId: LAPTOP })
    store.store.metrics.deleteAuthor(LAPTOP)
    expect(store.query(rangeQuery('m')).lines.map(({ labels }) => labels['device'])).toEqual(['phone'])
    expect(store.store.metrics.blocks.totals().blocks).toBe(3)
    expect(store.store.db.prepare('SELECT count(*) AS n FROM metric_part').get()).toEqual({ n: 0 })
    store.add([metric('m', gauge(point(1_000, 1)))], { deviceId: LAPTOP })
    expect(store.query(rangeQuery('m')).lines).toHaveLength(2)
  })
})
