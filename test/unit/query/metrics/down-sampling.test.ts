/** What a query says of points is what one computes from them by hand, whatever tier answers and however they came. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeMetricsData } from '../../../../src/wire/otlp/encode.ts'
import type { MetricDataInput, NumberPointInput } from '../../../../src/wire/otlp/write-metric.ts'
import { MetricStore, rangeQuery } from '../../../support/metric-store.ts'

const HOUR_MS = 3_600_000
const HOURS = 4
/** 2026-10-25, when clocks in Europe went back: nothing here knows of it. */
const T0_MS = Date.UTC(2026, 9, 25)

interface Point {
  readonly atMs: number
  readonly value: number
}
/** Points of different times, and which of several additions each comes in; some come twice. */
const points = fc.uniqueArray(
  fc.record({
    atMs: fc.integer({ min: 0, max: HOURS * HOUR_MS - 1 }),
    value: fc.integer({ min: -50, max: 50 }),
    batch: fc.nat(3),
    again: fc.option(fc.nat(3), { freq: 3 }),
  }),
  { selector: ({ atMs }) => atMs, minLength: 1, maxLength: 60 },
)
type Points = typeof points extends fc.Arbitrary<infer T> ? T : never
type Kind = 'gauge' | 'delta' | 'counter'

function payload(kind: Kind, some: readonly Point[]): Uint8Array {
  const all = some.map(({ atMs, value }): NumberPointInput => ({
    timeUnixNano: BigInt(T0_MS + atMs) * 1_000_000n,
    startUnixNano: BigInt(T0_MS - 60_000) * 1_000_000n,
    value,
  }))
  const sum = { type: 'sum', isMonotonic: true, points: all } as const
  const data: MetricDataInput =
    kind === 'gauge' ? { type: 'gauge', points: all } : { ...sum, temporality: kind === 'delta' ? 1 : 2 }
  return encodeMetricsData({ resource: { attributes: {} }, scope: { name: 't' }, metrics: [{ name: 'm', data }] })
}

/** Each addition with its points, then rolled up or not; some rolled up hours are left with less than the points. */
function stored(kind: Kind, all: Points, rolls: readonly boolean[], age: 'none' | 'raw' | 'minute'): MetricStore {
  const store = new MetricStore()
  for (let batch = 0; batch < 4; batch++) {
    const some = all.filter((point) => point.batch === batch || point.again === batch)
    store.add([payload(kind, some)])
    if (rolls[batch] === true) store.rollAll()
  }
  if (age === 'none') return store
  store.rollAll()
  store.age({ raw: 1, minute: age === 'minute' ? 1 : -1, hour: -1 })
  return store
}

/** Points of each step. */
function naive(all: Points, stepMs: number): readonly (readonly number[])[] {
  const sorted = all.toSorted((a, b) => a.atMs - b.atMs)
  const values = sorted.map(({ value }) => value)
  return Array.from({ length: (HOURS * HOUR_MS) / stepMs }, (_, step) =>
    values.filter((_value, i) => Math.floor((sorted[i] as Point).atMs / stepMs) === step),
  )
}

/** What a counter added in each step: what came between two samples lies evenly between them. Undefined where nobody knows. */
function naiveIncrease(all: Points, stepMs: number): readonly (number | undefined)[] {
  const sorted = all.toSorted((a, b) => a.atMs - b.atMs)
  const spans = sorted.flatMap(({ value, atMs }, i) => {
    const before = sorted[i - 1]
    if (before !== undefined) {
      return [{ from: before.atMs, to: atMs, added: value >= before.value ? value - before.value : value }]
    }
    // Began a minute before the first point can have come: known to be new within five minutes.
    return atMs + 60_000 <= 300_000 ? [{ from: -60_000, to: atMs, added: value }] : []
  })
  return Array.from({ length: (HOURS * HOUR_MS) / stepMs }, (_, step) => {
    const shares = spans.flatMap(({ from, to, added }) => {
      const within = Math.min(to, (step + 1) * stepMs) - Math.max(from, step * stepMs)
      return within > 0 ? [(added * within) / (to - from)] : []
    })
    return shares.length === 0 ? undefined : sum(shares)
  })
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const FUNCTIONS = {
  count: (values: readonly number[]) => values.length,
  sum,
  increase: sum,
  rate: (values: readonly number[], stepMs: number) => sum(values) / (stepMs / 1000),
  min: (values: readonly number[]) => Math.min(...values),
  max: (values: readonly number[]) => Math.max(...values),
  avg: (values: readonly number[]) => sum(values) / values.length,
} as const
const MEANT: Readonly<Record<Kind, readonly (keyof typeof FUNCTIONS)[]>> = {
  gauge: ['count', 'min', 'max', 'avg'],
  delta: ['count', 'sum', 'increase', 'rate', 'min', 'max', 'avg'],
  counter: ['count', 'increase', 'rate'],
}

test.each(['gauge', 'delta', 'counter'] as const)('[ME41] of a %s every tier says what its points say', (kind) => {
  const tiers = fc.constantFrom('none' as const, 'raw' as const, 'minute' as const)
  const rolls = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })
  const counted =
    kind === 'counter' ? points.map((all) => all.map((point) => ({ ...point, value: Math.abs(point.value) }))) : points
  fc.assert(
    fc.property(counted, rolls, tiers, fc.constantFrom(60_000, 300_000, HOUR_MS), (all, roll, age, stepMs) => {
      const store = stored(kind, all, roll, age)
      try {
        const step = age === 'minute' ? HOUR_MS : stepMs
        const want = naive(all, step)
        for (const fn of MEANT[kind]) {
          const query = rangeQuery('m', { fromMs: T0_MS, toMs: T0_MS + HOURS * HOUR_MS, stepMs, fn })
          const { lines, stepMs: answered } = store.query(query)
          expect(answered).toBe(step)
          const values = lines[0]?.values ?? []
          const increases = kind === 'counter' && fn !== 'count' ? naiveIncrease(all, step) : undefined
          for (const [i, value] of values.entries()) {
            if (increases !== undefined) {
              const added = increases[i]
              if (added === undefined) expect(value).toBeNull()
              else expect(value).toBeCloseTo(FUNCTIONS[fn]([added], step), 9)
              continue
            }
            // A gauge holds its value for five minutes: that is another rule's (ME43).
            const inStep = want[i] ?? []
            if (inStep.length > 0) expect(value).toBeCloseTo(FUNCTIONS[fn](inStep, step), 9)
            else if (kind !== 'gauge' || fn === 'count') expect(value).toBeNull()
          }
        }
      } finally {
        store.remove()
      }
    }),
    { numRuns: 15 },
  )
})
