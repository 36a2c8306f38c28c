import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogKey, SeqRange } from '../../../../src/model/segment.ts'
import type { RunRow } from '../../../../src/sync/core/heads-digest.ts'
import { planWants, RUN_SEGMENTS, type WantOptions, type WantPlan } from '../../../../src/sync/core/plan-wants.ts'
import {
  addToRuns,
  countSeqs,
  NO_RUNS,
  runsContain,
  toRuns,
  unionRuns,
  type Runs,
} from '../../../../src/sync/core/runs.ts'
import { chainOf, logKey, rowOf } from './run-rows.ts'

const LENGTH = 200
const chain = chainOf(LENGTH)
const other = chainOf(LENGTH, 'other')
const one = logKey(1)
const NO_LIMIT = { segments: Infinity, ranges: Infinity }

const offer = (...ranges: [number, number][]): RunRow[] => ranges.map(([from, to]) => rowOf(one, { from, to }, chain))
const holding = (runs: readonly SeqRange[]) => (): readonly SeqRange[] => runs
const plan = (offered: RunRow[], held: readonly SeqRange[] = [], options: Partial<WantOptions> = {}): WantPlan =>
  planWants(offered, holding(held), { budget: NO_LIMIT, heldId: (_, seq) => chain[seq]?.id, ...options })
const rangesOf = ({ ranges }: WantPlan): [number, number][] => ranges.map(({ from, to }) => [from, to])

const cases: { name: string; offered: RunRow[]; held: [number, number][]; want: [number, number][] }[] = [
  { name: 'nothing offered: nothing wanted', offered: [], held: [], want: [] },
  { name: 'what is held is not asked for', offered: offer([0, 9]), held: [[0, 9]], want: [] },
  { name: 'a log never seen is asked for whole', offered: offer([0, 9]), held: [], want: [[0, 9]] },
  { name: 'what came since is asked for', offered: offer([0, 9]), held: [[0, 6]], want: [[7, 9]] },
  {
    name: 'holes are asked for from the newest down',
    offered: offer([0, 20]),
    held: [
      [3, 5],
      [9, 15],
    ],
    want: [
      [16, 20],
      [6, 8],
      [0, 2],
    ],
  },
  {
    name: 'only what is offered is asked for',
    offered: offer([5, 9], [15, 20]),
    held: [[0, 7]],
    want: [
      [15, 20],
      [8, 9],
    ],
  },
  { name: 'a peer that is behind is asked for nothing', offered: offer([0, 5]), held: [[0, 9]], want: [] },
  {
    name: 'a long run is asked for in chunks from the top',
    offered: offer([0, 149]),
    held: [],
    want: [
      [86, 149],
      [22, 85],
      [0, 21],
    ],
  },
  {
    name: 'rows that overlap are asked for once',
    offered: offer([0, 9], [5, 12]),
    held: [],
    want: [[0, 12]],
  },
]

describe('planWants', () => {
  test.each(cases)('[RC3] $name', ({ offered, held, want }) => {
    const runs = held.map(([from, to]) => ({ from, to }))
    expect(rangesOf(plan(offered, runs))).toEqual(want)
    expect(plan(offered, runs)).toMatchObject({ forks: [], more: false })
  })

  test('[RC3] the newest chunk of every log comes before the second of any', () => {
    const offered = [3, 1, 2].map((n) => rowOf(logKey(n), { from: 0, to: n === 2 ? 9 : 99 }, chain))
    const { ranges } = planWants(offered, () => [], { budget: NO_LIMIT, heldId: () => undefined })
    expect(ranges.map(({ author, to }) => [Number.parseInt(author.slice(0, 2), 16), to])).toEqual([
      [1, 99],
      [2, 9],
      [3, 99],
      [1, 35],
      [3, 35],
    ])
  })

  test('[RC4] the last id of a chunk is a signed head, or stands in the segment above', () => {
    const { ranges } = plan(offer([0, 149], [160, 170]), [{ from: 100, to: 105 }])
    expect(ranges.map(({ to, lastId }) => [to, lastId])).toEqual([
      [170, chain[170]?.id],
      [149, chain[149]?.id],
      [99, undefined],
      [35, undefined],
    ])
  })

  test('[RC5] the budget cuts the last run from below and says that there is more', () => {
    const cut = plan(offer([0, 149]), [], { budget: { segments: 70, ranges: 9 } })
    expect(rangesOf(cut)).toEqual([
      [86, 149],
      [80, 85],
    ])
    expect(cut).toMatchObject({ more: true, missing: 150 })
    expect(plan(offer([0, 149]), [], { budget: { segments: 150, ranges: 3 } })).toMatchObject({ more: false })
    const fewRanges = plan(offer([0, 149]), [], { budget: { segments: 150, ranges: 2 } })
    expect(fewRanges).toMatchObject({ more: true, missing: 150 })
    expect(fewRanges.ranges).toHaveLength(2)
    expect(plan(offer([0, 9]), [], { budget: { segments: 0, ranges: 9 } })).toMatchObject({ ranges: [], more: true })
  })

  test('[RC5] a row that claims all numbers costs no more than the budget', () => {
    const claim: RunRow = { ...one, from: 0, to: Number.MAX_SAFE_INTEGER - 1, id: new Uint8Array(32) }
    const { ranges, more } = plan([claim], [], { budget: { segments: 1000, ranges: 10 } })
    expect(ranges).toHaveLength(10)
    expect(more).toBe(true)
  })

  const forks: { name: string; offered: RunRow[]; held: [number, number][] }[] = [
    { name: 'a head that differs from what is held', offered: [rowOf(one, { from: 0, to: 9 }, other)], held: [[0, 9]] },
    {
      name: 'a head below our own that differs from what is held',
      offered: [rowOf(one, { from: 0, to: 4 }, other)],
      held: [[0, 9]],
    },
    { name: 'two heads at one place', offered: [...offer([0, 9]), rowOf(one, { from: 5, to: 9 }, other)], held: [] },
  ]
  test.each(forks)('[RC6] $name is a fork: nothing of the log is asked for', ({ offered, held }) => {
    const heldRuns = toRuns(held.map(([from, to]) => ({ from, to })))
    const heldId = (_: LogKey, seq: number) => (runsContain(heldRuns, seq) ? chain[seq]?.id : undefined)
    const bystander = rowOf(logKey(2), { from: 0, to: 3 }, chain)
    const { forks: found, ranges } = planWants(
      [...offered, bystander],
      (log) => (log.log === one.log ? heldRuns : []),
      {
        budget: NO_LIMIT,
        heldId,
      },
    )
    expect(found).toEqual([one])
    expect(ranges.map(({ log }) => log)).toEqual([logKey(2).log])
  })

  const ranges = fc.array(
    fc
      .tuple(fc.nat(LENGTH - 1), fc.nat(90))
      .map(([from, length]) => ({ from, to: Math.min(from + length, LENGTH - 1) })),
    { maxLength: 6 },
  )
  const state = fc.array(ranges.map(toRuns), { minLength: 3, maxLength: 3 })

  test('[RC3] what is wanted is exactly what is offered and not held, in bounded chunks, none twice', () => {
    fc.assert(
      fc.property(state, state, (theirs, ours) => {
        const { ranges: wanted, missing } = planBetween(theirs, ours, NO_LIMIT)
        for (const [n, held] of ours.entries()) {
          const got = wanted.filter(({ log }) => log === logKey(n).log)
          expect(unionRuns(held, toRuns(got))).toEqual(unionRuns(held, theirs[n] as Runs))
          expect(got.some((run) => countSeqs([run]) > RUN_SEGMENTS)).toBe(false)
          expect(got.some((run, at) => at > 0 && run.to >= (got[at - 1] as SeqRange).from)).toBe(false)
        }
        expect(missing).toBe(countSeqs(wanted))
      }),
    )
  })

  test('[RC3] after both have taken what they want, nothing is wanted any more, and both hold the same', () => {
    const budget = fc.record({ segments: fc.integer({ min: 1, max: 100 }), ranges: fc.integer({ min: 1, max: 5 }) })
    fc.assert(
      fc.property(state, state, budget, (a, b, limit) => {
        const [left, right] = [takeAll(b, a, limit), takeAll(a, b, limit)]
        expect(left).toEqual(right)
        expect(planBetween(left, right, NO_LIMIT)).toEqual({ ranges: [], forks: [], more: false, missing: 0 })
        expect(planBetween(right, left, NO_LIMIT)).toEqual({ ranges: [], forks: [], more: false, missing: 0 })
      }),
      { numRuns: 50 },
    )
  })

  test('[RC4] every wanted run can be verified when it comes: its last id is known by then', () => {
    fc.assert(
      fc.property(state, state, (theirs, ours) => {
        const held = new Map(ours.map((runs, n) => [logKey(n).log, runs] as const))
        for (const { log, to, from, lastId } of planBetween(theirs, ours, NO_LIMIT).ranges) {
          const runs = held.get(log) ?? NO_RUNS
          expect(lastId !== undefined || runsContain(runs, to + 1)).toBe(true)
          held.set(log, addToRuns(runs, { from, to }))
        }
      }),
    )
  })
})

function planBetween(theirs: readonly Runs[], ours: readonly Runs[], budget: WantOptions['budget']): WantPlan {
  const offered = theirs.flatMap((runs, n) => runs.map((run) => rowOf(logKey(n), run, chain)))
  const held = new Map(ours.map((runs, n) => [logKey(n).log, runs]))
  return planWants(offered, ({ log }) => held.get(log) ?? [], {
    budget,
    heldId: ({ log }, seq) => (runsContain(held.get(log) ?? NO_RUNS, seq) ? chain[seq]?.id : undefined),
  })
}

/** Takes plan after plan until one says that there is no more. */
function takeAll(theirs: readonly Runs[], ours: readonly Runs[], budget: WantOptions['budget']): readonly Runs[] {
  let held = ours
  for (let round = 0; round < 2000; round++) {
    const { ranges, more } = planBetween(theirs, held, budget)
    held = held.map((runs, n) => unionRuns(runs, toRuns(ranges.filter(({ log }) => log === logKey(n).log))))
    if (!more) return held
  }
  throw new Error('a plan that never ends')
}
