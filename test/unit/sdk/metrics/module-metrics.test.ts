import { ValueType } from '@opentelemetry/api'
import { describe, expect, test } from 'vitest'
import { EXPORT_EVERY_MS, ModuleMetrics, OBSERVE_TIMEOUT_MS } from '../../../../src/sdk/metrics/module-metrics.ts'
import type { Scope } from '../../../../src/sdk/scope.ts'
import type { MetricInput } from '../../../../src/wire/otlp/write-metric.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const START_MS = 1_700_000_000_000
const nanos = (ms: number): bigint => BigInt(ms) * 1_000_000n

function setUp() {
  const clock = manualClock(START_MS)
  const sent: { readonly scope: Scope; readonly metrics: readonly MetricInput[] }[] = []
  const all = new ModuleMetrics({
    clock,
    scope: { name: 'own' },
    send: (scope, metrics) => sent.push({ scope, metrics }),
  })
  /** Points of the newest time that a metric was sent. */
  const pointsOf = (name: string): readonly object[] =>
    sent.flatMap(({ metrics }) => metrics).findLast((metric) => metric.name === name)?.data.points ?? []
  const values = (name: string): unknown => pointsOf(name).map((point) => (point as { value: unknown }).value)
  return { clock, all, meter: all.own, sent, pointsOf, values }
}

describe('instruments', () => {
  test('[BU58] a counter adds up from the start, for each set of attributes', async () => {
    const { clock, all, meter, sent } = setUp()
    const words = meter.createCounter('words', { unit: '{word}', description: 'heard', valueType: ValueType.INT })
    words.add(2)
    await all.collect()
    words.add(3)
    words.add(1, { language: 'de' })
    clock.advance(5_000)
    await all.collect()
    const times = { startUnixNano: nanos(START_MS), timeUnixNano: nanos(START_MS + 5_000) }
    expect(sent.at(-1)?.metrics).toMatchObject([
      {
        name: 'words',
        unit: '{word}',
        description: 'heard',
        data: {
          type: 'sum',
          temporality: 2,
          isMonotonic: true,
          points: [
            { ...times, attributes: [], value: 5n },
            { ...times, attributes: [{ key: 'language', value: 'de' }], value: 1n },
          ],
        },
      },
    ])
  })

  test('[BU58] no attributes and none of them are one series, also after what was measured is forgotten', async () => {
    const { all, meter, values } = setUp()
    const words = meter.createCounter('words')
    words.add(1)
    words.add(2, {})
    await all.collect()
    expect(values('words')).toEqual([3])
    all.setStage('pro')
    all.setStage('developer')
    words.add(4)
    words.add(8, {})
    await all.collect()
    expect(values('words')).toEqual([12])
  })

  test('[BU58] an up-down counter goes down, a gauge has its last value', async () => {
    const { all, meter, values } = setUp()
    const open = meter.createUpDownCounter('open')
    open.add(3)
    open.add(-2)
    const mood = meter.createGauge('mood')
    mood.record(0.25)
    mood.record(-0.5)
    await all.collect()
    expect([values('open'), values('mood')]).toEqual([[1], [-0.5]])
  })

  test('[BU58] a histogram counts into the first bucket whose bound is not below the value', async () => {
    const { all, meter, pointsOf } = setUp()
    const took = meter.createHistogram('took', { advice: { explicitBucketBoundaries: [10, 1] } })
    for (const value of [0, 1, 1.5, 10, 11]) took.record(value)
    await all.collect()
    const wanted = { count: 5, sum: 23.5, min: 0, max: 11, bucketCounts: [2, 2, 1], explicitBounds: [1, 10] }
    expect(pointsOf('took')).toMatchObject([wanted])
  })

  test('[BU58] a histogram of seconds tells milliseconds apart', async () => {
    const { all, meter, pointsOf } = setUp()
    const took = meter.createHistogram('took', { unit: 's' })
    for (const value of [0.004, 0.04, 0.4]) took.record(value)
    await all.collect()
    expect(pointsOf('took')).toMatchObject([{ bucketCounts: [1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] }])
  })

  test('[BU58] who observes is asked each time, and a series nobody observed any more is not sent', async () => {
    const { all, meter, values } = setUp()
    let beats = 1
    meter.createObservableCounter('beats').addCallback((result) => result.observe(beats, { side: 'left' }))
    const [a, b] = [meter.createObservableGauge('a'), meter.createObservableGauge('b')]
    meter.addBatchObservableCallback(
      async (result) => {
        await Promise.resolve()
        result.observe(a, 7)
        result.observe(b, 8)
      },
      [a],
    )
    await all.collect()
    expect([values('beats'), values('a'), values('b')]).toEqual([[1], [7], []])
    beats = 5
    await all.collect()
    expect(values('beats')).toEqual([5])
  })

  test('[BU58] the same name is the same instrument, in another scope another', async () => {
    const { all, meter, sent } = setUp()
    meter.createCounter('n').add(1)
    meter.createCounter('N').add(1)
    all.getMeter('library', '2').createCounter('n').add(1)
    await all.collect()
    expect(sent.map(({ scope, metrics }) => [scope, metrics.length])).toEqual([
      [{ name: 'own' }, 1],
      [{ name: 'library', version: '2' }, 1],
    ])
  })
})

describe('never harms the module', () => {
  test.each<{ name: string; measure: (set: ReturnType<typeof setUp>) => void }>([
    { name: 'no number', measure: ({ meter }) => meter.createCounter('n').add(Number.NaN) },
    { name: 'a text', measure: ({ meter }) => meter.createGauge('n').record('7' as never) },
    { name: 'less, where only more can come', measure: ({ meter }) => meter.createCounter('n').add(-1) },
    { name: 'less than nothing in a histogram', measure: ({ meter }) => meter.createHistogram('n').record(-1) },
    { name: 'a name that is none', measure: ({ meter }) => meter.createCounter('1 n').add(1) },
    {
      name: 'a getter that throws',
      measure: ({ meter }) =>
        meter.createCounter('n').add(1, {
          get a(): string {
            throw new Error('no')
          },
        }),
    },
  ])('[BU58] $name is left out and counted', async ({ measure }) => {
    const set = setUp()
    measure(set)
    await set.all.collect()
    expect([set.sent, set.all.badValues]).toEqual([[], 1])
  })

  test('[BU58] a callback that throws costs only itself, one that never answers five seconds', async () => {
    const { clock, all, meter, values } = setUp()
    meter.createObservableGauge('throws').addCallback(() => {
      throw new Error('no')
    })
    meter.createObservableGauge('hangs').addCallback(() => new Promise(() => {}))
    meter.createObservableGauge('works').addCallback((result) => result.observe(1))
    const collected = all.collect()
    clock.advance(OBSERVE_TIMEOUT_MS)
    await collected
    expect(values('works')).toEqual([1])
  })
})

describe('stages', () => {
  test('[BU58] metrics are sent every ten seconds, once there is an instrument', async () => {
    const { clock, all, meter, sent } = setUp()
    const n = meter.createCounter('n')
    n.add(1)
    clock.advance(EXPORT_EVERY_MS)
    // What the clock began is what this waits for.
    await all.collect()
    expect(sent).toHaveLength(1)
    all.stop()
    clock.advance(EXPORT_EVERY_MS)
    await Promise.resolve()
    expect(sent).toHaveLength(1)
  })

  test('[BU58] below developer nothing is measured, what was is forgotten, and later sums start anew', async () => {
    const { clock, all, meter, sent, pointsOf } = setUp()
    const n = meter.createCounter('n')
    n.add(5)
    all.setStage('pro')
    n.add(5)
    await all.collect()
    expect(sent).toEqual([])
    clock.advance(1_000)
    all.setStage('developer')
    n.add(2)
    await all.collect()
    expect(pointsOf('n')).toMatchObject([{ value: 2, startUnixNano: nanos(START_MS + 1_000) }])
  })

  test('[BU58] a stage that goes down while somebody observes sends nothing', async () => {
    const { all, meter, sent } = setUp()
    meter.createObservableGauge('g').addCallback(async (result) => {
      all.setStage('casual')
      result.observe(1)
    })
    await all.collect()
    expect(sent).toEqual([])
  })
})
