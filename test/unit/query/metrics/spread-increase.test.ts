import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { rollupOf, type CounterRollup } from '../../../../src/model/metrics/rollup.ts'
import { increaseBySteps } from '../../../../src/query/metrics/spread-increase.ts'
import { encodeMetricsData } from '../../../../src/wire/otlp/encode.ts'
import { MetricStore, rangeQuery } from '../../../support/metric-store.ts'

type At = readonly [time: number, value: number, start?: number]

/** Late enough for what begins before the first step. */
const FROM_MS = 3_600_000

function counter(...samples: readonly At[]): readonly CounterRollup[] {
  return samples.map(([timeMs, value, startMs = 0]) => rollupOf({ timeMs, value, startMs }, 'counter') as CounterRollup)
}

const UNKNOWN = undefined
const cases: readonly {
  readonly name: string
  /** Seconds after the first step begins. */
  readonly samples: readonly At[]
  /** Steps of 5 s from 0 on. */
  readonly want: readonly (number | undefined)[]
}[] = [
  {
    name: 'a steady counter seen every 15 s is a flat line in steps of 5 s',
    samples: [
      [0, 100],
      [15, 130],
      [30, 160],
    ],
    want: [10, 10, 10, 10, 10, 10],
  },
  {
    name: 'seen beside the steps it is flat too, but for what nobody saw at its ends',
    samples: [
      [-7, 100],
      [8, 130],
      [23, 160],
    ],
    want: [10, 10, 10, 10, 6, UNKNOWN],
  },
  {
    name: 'steps coarser than the samples add them up',
    samples: [
      [0, 0],
      [1, 1],
      [2, 3],
      [5, 9],
      [30, 9],
    ],
    want: [9, 0, 0, 0, 0, 0],
  },
  {
    name: 'what was seen before and after the steps counts with its share',
    samples: [
      [-10, 0],
      [40, 50],
    ],
    want: [5, 5, 5, 5, 5, 5],
  },
  {
    name: 'of a counter that fell all of the later value was added since the sample before',
    samples: [
      [0, 100],
      [10, 20],
    ],
    want: [10, 10, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  },
  {
    name: 'of one that started anew all was added since its start, and before it nothing is known',
    samples: [
      [0, 100, -100],
      [20, 30, 10],
    ],
    want: [UNKNOWN, UNKNOWN, 15, 15, UNKNOWN, UNKNOWN],
  },
  {
    name: 'a start after its own time says nothing of where it was added',
    samples: [
      [0, 100, -100],
      [10, 30, 20],
    ],
    want: [15, 15, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  },
  {
    name: 'of two programs under one name nothing is added',
    samples: [
      [0, 100, -50],
      [10, 30, -100],
    ],
    want: [0, 0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  },
  {
    name: 'the first sample of all counts since its start',
    samples: [[10, 30, 4]],
    want: [5, 25, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  },
  {
    name: 'the first sample of one that began long ago is only a beginning',
    samples: [[12, 30, -400]],
    want: [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
  },
]

test.each(cases)('[ME44] $name', ({ samples, want }) => {
  const toMs = (seconds: number) => FROM_MS + seconds * 1_000
  const inMs = samples.map(([at, value, start]): At => [toMs(at), value, start === undefined ? 0 : toMs(start)])
  expect(increaseBySteps(counter(...inMs), { fromMs: FROM_MS, stepMs: 5_000, steps: 6 })).toEqual(want)
})

const HOUR_MS = 3_600_000
/** Points at most an hour apart, of which some start anew and some fall. */
const points = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 1, max: HOUR_MS }),
    value: fc.nat(1_000),
    startsAnew: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
)

describe('partitions', () => {
  const stores: MetricStore[] = []
  afterEach(() => {
    for (const store of stores.splice(0)) store.remove()
  })

  function storeOf(all: typeof points extends fc.Arbitrary<infer T> ? T : never): MetricStore {
    const store = new MetricStore()
    stores.push(store)
    let [atMs, startMs] = [HOUR_MS, HOUR_MS - 1_000]
    const samples = all.map(({ afterMs, value, startsAnew }) => {
      if (startsAnew) startMs = atMs + Math.floor(afterMs / 2)
      atMs += afterMs
      return { timeUnixNano: BigInt(atMs) * 1_000_000n, startUnixNano: BigInt(startMs) * 1_000_000n, value }
    })
    const data = { type: 'sum', temporality: 2, isMonotonic: true, points: samples } as const
    store.add([
      encodeMetricsData({ resource: { attributes: {} }, scope: { name: 't' }, metrics: [{ name: 'm', data }] }),
    ])
    return store
  }
  const sumOf = (store: MetricStore, fromMs: number, toMs: number, stepMs: number): number =>
    store
      .query(rangeQuery('m', { fromMs, toMs, stepMs, fn: 'increase' }))
      .lines.flatMap(({ values }) => values)
      .reduce((sum: number, value) => sum + Number(value), 0)

  test('[ME44] steps and ranges of any length add up to the same', () => {
    const minutes = fc.constantFrom(1, 7, 15, 60, 180)
    const ends = fc.uniqueArray(fc.integer({ min: 1, max: 23 }), { maxLength: 4 })
    fc.assert(
      fc.property(points, minutes, ends, fc.boolean(), (all, stepMinutes, cuts, isRolled) => {
        const store = storeOf(all)
        if (isRolled) store.rollAll()
        const [fromMs, toMs] = [0, 48 * HOUR_MS]
        const whole = sumOf(store, fromMs, toMs, HOUR_MS)
        expect(sumOf(store, fromMs, toMs, stepMinutes * 60_000)).toBeCloseTo(whole, 6)
        const borders = [fromMs, ...cuts.toSorted((a, b) => a - b).map((each) => each * 97 * 60_000), toMs]
        const parts = borders.slice(1).map((end, i) => sumOf(store, borders[i] as number, end, 60_000))
        expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole, 6)
      }),
      { numRuns: 20 },
    )
  })
})
