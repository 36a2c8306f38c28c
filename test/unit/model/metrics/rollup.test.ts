import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changeOf, mergeRollups, rollUp, type Rollup } from '../../../../src/model/metrics/rollup.ts'
import { hasValue, sortSamples, type Sample } from '../../../../src/model/metrics/sample.ts'
import { increaseBetween } from '../../../../src/model/metrics/transition.ts'
import { distribution, explicit, exponential } from './sample-values.ts'

const MINUTE = 60_000
const HOUR = 3_600_000

/** Samples of some minutes, now and then without a value, in order of time. */
const times = fc
  .uniqueArray(fc.integer({ min: 0, max: 3 * HOUR }), { minLength: 1, maxLength: 80 })
  .map((all) => all.sort((a, b) => a - b))
const states: fc.Arbitrary<readonly Sample[]> = times.chain((all) =>
  fc
    .array(fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: undefined, freq: 8 }), {
      minLength: all.length,
      maxLength: all.length,
    })
    .map((values) => all.map((timeMs, i) => ({ timeMs, startMs: 0, value: values[i] }))),
)
/** A counter that is reset now and then, sometimes with a start that says so. */
const counters: fc.Arbitrary<readonly Sample[]> = times.chain((all) =>
  fc
    .array(fc.record({ by: fc.nat(50), reset: fc.constantFrom('no', 'no', 'no', 'told', 'silent', 'overlap') }), {
      minLength: all.length,
      maxLength: all.length,
    })
    .map((steps) => {
      let [value, startMs] = [0, 1]
      return all.map((timeMs, i): Sample => {
        const { by, reset } = steps[i] as (typeof steps)[number]
        if (reset !== 'no') value = 0
        if (reset === 'told' && i > 0) startMs = (all[i - 1] as number) + 1
        if (reset === 'overlap') startMs = Math.max(1, timeMs - 5 * MINUTE)
        value += by
        return { timeMs, startMs, value }
      })
    }),
)

function naiveIncrease(samples: readonly Sample[]): number {
  const valued = samples.filter(hasValue)
  return valued.slice(1).reduce((sum, sample, i) => sum + Number(increaseBetween(valued[i], sample)), 0)
}

function inOne(rollups: Iterable<Rollup>): Rollup {
  return [...rollups].reduce((sum, rollup) => mergeRollups(sum, rollup))
}

describe('roll-ups', () => {
  test('[ME31] of a state say what its samples say', () => {
    fc.assert(
      fc.property(states, (samples) => {
        for (const [start, rollup] of rollUp(samples, 'state', MINUTE)) {
          const values = samples
            .filter(({ timeMs }) => Math.floor(timeMs / MINUTE) * MINUTE === start)
            .flatMap(({ value }) => (typeof value === 'number' ? [value] : []))
          const sum = values.reduce((total, value) => total + value, 0)
          expect(rollup).toMatchObject({ points: values.length, sum })
          if (values.length > 0) {
            expect(rollup).toMatchObject({ min: Math.min(...values), max: Math.max(...values), last: values.at(-1) })
          }
        }
      }),
    )
  })
  test('[ME31] hours made of minutes are hours made of samples', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('state', 'delta', 'counter' as const),
        states,
        counters,
        (behaviour, some, counted) => {
          const samples = behaviour === 'counter' ? counted : some
          const minutes = rollUp(samples, behaviour, MINUTE)
          for (const [start, hour] of rollUp(samples, behaviour, HOUR)) {
            const within = [...minutes].filter(([at]) => at >= start && at < start + HOUR).map(([, rollup]) => rollup)
            expect(inOne(within)).toEqual(hour)
          }
        },
      ),
    )
  })
  test('[ME12] a counter adds up to what it grew by between its samples, however it was grouped, resets and overlaps too', () => {
    fc.assert(
      fc.property(counters, (samples) => {
        const rollup = inOne(rollUp(samples, 'counter', MINUTE).values())
        expect(rollup.kind === 'counter' && changeOf(rollup)).toBe(naiveIncrease(samples))
      }),
    )
  })
  test('[ME31] distributions added by the minute and then by the hour are those added at once', () => {
    fc.assert(
      fc.property(times, fc.boolean(), fc.infiniteStream(distribution), (all, isDelta, stream) => {
        const values = all.map(() => stream.next().value as never)
        const samples = all.map((timeMs, i): Sample => ({ timeMs, startMs: 1, value: values[i] }))
        const behaviour = isDelta ? 'delta' : 'counter'
        const hours = rollUp(samples, behaviour, 4 * HOUR)
        expect(inOne(rollUp(samples, behaviour, MINUTE).values())).toEqual([...hours.values()][0])
      }),
      { numRuns: 30 },
    )
  })
})

describe('what a counter added', () => {
  const sample = (timeMs: number, value: number, startMs = 1_000) => ({ timeMs, startMs, value })
  const cases = [
    { name: 'under the same start is the difference', before: sample(10_000, 5), after: sample(20_000, 9), want: 4 },
    { name: 'after it shrank is all of it', before: sample(10_000, 5), after: sample(20_000, 3), want: 3 },
    { name: 'since a later start is all of it', before: sample(10_000, 5), after: sample(20_000, 9, 15_000), want: 9 },
    {
      name: 'under a start that overlaps is not known',
      before: sample(10_000, 5),
      after: sample(20_000, 9, 4_000),
      want: 0,
    },
    { name: 'under an earlier start is not known', before: sample(10_000, 5), after: sample(20_000, 9, 500), want: 0 },
    { name: 'without starts is the difference', before: sample(10_000, 5, 0), after: sample(20_000, 9, 0), want: 4 },
    {
      name: 'when only one start is known is the difference',
      before: sample(10_000, 5, 0),
      after: sample(20_000, 9),
      want: 4,
    },
    {
      name: 'since a start that is its own time is not known',
      before: sample(10_000, 5),
      after: sample(20_000, 9, 20_000),
      want: 0,
    },
    {
      name: 'from a start that was its own time is the difference',
      before: sample(10_000, 5, 10_000),
      after: sample(20_000, 9, 10_000),
      want: 4,
    },
    {
      name: 'from infinity to infinity is nothing',
      before: sample(10_000, Infinity),
      after: sample(20_000, Infinity),
      want: 0,
    },
    { name: 'first and fresh is all of it', before: undefined, after: sample(20_000, 9), want: 9 },
    { name: 'first and old is not known', before: undefined, after: sample(20_000_000, 9), want: 0 },
    { name: 'first without a start is not known', before: undefined, after: sample(20_000, 9, 0), want: 0 },
  ]
  test.each(cases)('[ME12] $name', ({ before, after, want }) => expect(increaseBetween(before, after)).toBe(want))

  test('[ME12] of a histogram that lost a bucket is all of it', () => {
    const [before, after] = [explicit([5, 3], 8), explicit([6, 2], 8)].map((value, i) => ({
      ...sample(i * 10 + 10, 0),
      value,
    }))
    expect(increaseBetween(before as never, after as never)).toEqual(after?.value)
  })
  test('[ME13] of an exponential histogram is counted at the coarser of two scales', () => {
    const before = { ...sample(10, 0), value: exponential(1, 0, [1, 1, 2]) }
    const after = { ...sample(20, 0), value: exponential(0, 0, [5, 4]) }
    expect(increaseBetween(before, after)).toMatchObject({
      count: 5,
      exponential: { scale: 0, positive: { offset: 0, counts: [3, 2] } },
    })
  })
})

describe('samples of one time', () => {
  test('[ME11] one is left, the same one in whatever order they came, and as often as they came', () => {
    const one = fc.record({
      timeMs: fc.nat(5),
      startMs: fc.nat(2),
      value: fc.option(fc.oneof(fc.integer(), distribution), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.nat(), (samples, seed) => {
        const shuffled = [...samples, ...samples].sort((a, b) => ((a.timeMs + seed) % 7) - ((b.timeMs + seed) % 7))
        const sorted = sortSamples(samples)
        expect(sortSamples(shuffled)).toEqual(sorted)
        expect(sortSamples([...sorted, ...shuffled])).toEqual(sorted)
        expect(new Set(sorted.map(({ timeMs }) => timeMs)).size).toBe(sorted.length)
      }),
    )
  })
})
