import { describe, expect, test } from 'vitest'
import { checkRatios, isFailure } from '../../../bench/support/check-ratios.ts'
import { summarize, type Measure, type Summary } from '../../../bench/support/measure.ts'

/** A measure whose runs cost so many times the raw limit. */
function measured(ratios: readonly number[], label = 'speed', better: Measure['better'] = 'lower'): Summary {
  const run = (ratio: number): readonly Measure[] => [
    {
      label,
      unit: 'ms',
      better,
      ours: better === 'lower' ? ratio * 10 : 10,
      raw: { label: 'bare', value: better === 'lower' ? 10 : ratio * 10 },
    },
  ]
  return summarize(ratios.map(run))[0] as Summary
}

describe('a check against the baseline', () => {
  test.each([
    { name: 'the same is kept', was: [2, 2, 2], now: [2, 2, 2], fails: false },
    { name: 'better is kept', was: [2, 2, 2], now: [1, 1, 1], fails: false },
    { name: 'up to 15 % worse is kept', was: [2, 2, 2], now: [2.29, 2.29, 2.29], fails: false },
    { name: 'more than 15 % worse fails', was: [2, 2, 2], now: [2.31, 2.31, 2.31], fails: true },
    { name: 'one slow run of three does not count', was: [2, 2, 2], now: [2, 9, 2.1], fails: false },
    { name: 'what the baseline itself has seen is kept', was: [2, 2, 3], now: [2.9, 2.9, 2.9], fails: false },
    { name: 'worse than all that the baseline has seen fails', was: [2, 2, 3], now: [3.1, 3.1, 2.9], fails: true },
  ])('$name', ({ was, now, fails }) => {
    for (const better of ['lower', 'higher'] as const) {
      const verdicts = checkRatios([measured(was, 'speed', better)], [measured(now, 'speed', better)])
      expect(verdicts.map(isFailure)).toEqual([fails])
    }
  })

  test('what is worse is told with its ratio, the old one, and what would have been kept', () => {
    expect(checkRatios([measured([2, 2, 2])], [measured([3, 3, 3])])).toEqual([
      { label: 'speed', is: 'worse', was: 2, now: 3, limit: 2 * 1.15 },
    ])
  })

  test('a measure that is new passes, one that is gone fails', () => {
    const verdicts = checkRatios([measured([2], 'old')], [measured([2], 'new')])
    expect(verdicts).toEqual([
      { label: 'new', is: 'new' },
      { label: 'old', is: 'gone' },
    ])
    expect(verdicts.map(isFailure)).toEqual([false, true])
  })

  test('a measure without a raw limit is not judged, whatever it does', () => {
    const bare = (ours: number): Summary =>
      summarize([[{ label: 'memory', unit: 'MB', better: 'lower', ours }]])[0] as Summary
    expect(checkRatios([bare(1)], [bare(100)])).toEqual([])
  })
})

describe('several runs of one measure', () => {
  test('are compared run by run: the ratio of a slow moment is not that of a slow program', () => {
    const run = (ours: number, raw: number): readonly Measure[] => [
      {
        label: 'speed',
        unit: 'ms',
        better: 'lower',
        ours,
        raw: { label: 'bare', value: raw },
        goal: 30,
        shareGoal: 0.5,
      },
    ]
    expect(summarize([run(20, 10), run(60, 30), run(22, 10)])[0]).toMatchObject({
      ours: { median: 22, min: 20, max: 60 },
      raw: { label: 'bare', median: 10 },
      timesRaw: { median: 2, min: 2, max: 2.2 },
      goal: { bound: 30, met: true },
      shareGoal: { bound: 0.5, met: true },
    })
  })

  test('a share that is missed says so, though the bound is met', () => {
    const [summary] = summarize([
      [
        {
          label: 's',
          unit: 'spans/s',
          better: 'higher',
          ours: 40,
          raw: { label: 'b', value: 100 },
          goal: 30,
          shareGoal: 0.5,
        },
      ],
    ])
    expect([summary?.goal?.met, summary?.shareGoal?.met]).toEqual([true, false])
  })
})
