import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { startOfUtcDay } from '../../../src/base/clock.ts'
import { planEpoch, type Epoch, type EpochPlan, type EpochRequest } from '../../../src/policy/epoch-plan.ts'

const DAY = 86_400_000
const MIDNIGHT = 20_000 * DAY
const NOON = MIDNIGHT + DAY / 2

const current: Epoch = { n: 4, startedUnixMs: NOON }
const starts = (startedUnixMs: number, reason: 'ROTATE' | 'DAY' | 'BOUNDARY'): EpochPlan => ({
  n: 5,
  startedUnixMs,
  reason,
})

const cases: { name: string; current?: Epoch; request: Partial<EpochRequest>; want: EpochPlan }[] = [
  { name: 'within the day it goes on', request: { nowUnixMs: NOON + 1 }, want: 'keep' },
  { name: 'until the last millisecond of the day', request: { nowUnixMs: MIDNIGHT + DAY - 1 }, want: 'keep' },
  { name: 'midnight starts the next', request: { nowUnixMs: MIDNIGHT + DAY }, want: starts(MIDNIGHT + DAY, 'DAY') },
  {
    name: 'many days later one starts, not one for each day',
    request: { nowUnixMs: NOON + 9 * DAY },
    want: starts(NOON + 9 * DAY, 'DAY'),
  },
  { name: 'a clock set back within the day changes nothing', request: { nowUnixMs: MIDNIGHT }, want: 'keep' },
  { name: 'a clock set back to an old day does not reopen it', request: { nowUnixMs: NOON - 5 * DAY }, want: 'keep' },
  {
    name: 'a new key under a clock set back starts no earlier than the last',
    request: { nowUnixMs: NOON - 5 * DAY, rotate: true },
    want: starts(NOON, 'ROTATE'),
  },
  {
    name: 'a revocation starts the next at once',
    request: { nowUnixMs: NOON + 1, rotate: true },
    want: starts(NOON + 1, 'ROTATE'),
  },
  {
    name: 'the end of a grant starts the next',
    request: { nowUnixMs: NOON + 10, boundaries: [NOON + 10] },
    want: starts(NOON + 10, 'BOUNDARY'),
  },
  {
    name: 'an end that passed unseen starts the next as soon as it is seen',
    request: { nowUnixMs: NOON + 20, boundaries: [NOON + 90, NOON + 10] },
    want: starts(NOON + 20, 'BOUNDARY'),
  },
  { name: 'an end to come changes nothing', request: { nowUnixMs: NOON + 9, boundaries: [NOON + 10] }, want: 'keep' },
  {
    name: 'an end when the epoch began changes nothing',
    request: { nowUnixMs: NOON + 9, boundaries: [NOON] },
    want: 'keep',
  },
  {
    name: 'an end at no known time changes nothing',
    request: { nowUnixMs: NOON + 9, boundaries: [Number.NaN] },
    want: 'keep',
  },
  { name: 'a time that is none is not believed', request: { nowUnixMs: Number.NaN }, want: 'keep' },
]

describe('planEpoch', () => {
  const ask = (request: Partial<EpochRequest>): EpochRequest => ({
    nowUnixMs: NOON,
    rotate: false,
    boundaries: [],
    ...request,
  })

  test.each(cases)('[CO13] $name', ({ request, want }) => {
    expect(planEpoch(current, ask(request))).toEqual(want)
  })

  test('[CO13] the first epoch of a lane starts now, whatever else is asked', () => {
    const first = { n: 0, startedUnixMs: NOON, reason: 'FIRST' }
    expect(planEpoch(undefined, ask({}))).toEqual(first)
    expect(planEpoch(undefined, ask({ rotate: true, boundaries: [NOON] }))).toEqual(first)
    expect(planEpoch(undefined, ask({ nowUnixMs: Number.NaN }))).toEqual({ ...first, startedUnixMs: 0 })
  })

  test('[CO13] whatever the clock does, epochs only go forward, none spans two days or a boundary', () => {
    const times = fc.array(fc.integer({ min: MIDNIGHT - 2 * DAY, max: MIDNIGHT + 4 * DAY }), { maxLength: 30 })
    fc.assert(
      fc.property(times, times, (clock, boundaries) => {
        let epoch: Epoch | undefined
        let latest = 0
        for (const now of clock) {
          latest = Math.max(latest, now)
          const plan = planEpoch(epoch, ask({ nowUnixMs: latest, boundaries }))
          const next: Epoch = plan === 'keep' ? (epoch as Epoch) : plan
          if (plan !== 'keep' && epoch)
            expect(next.n === epoch.n + 1 && next.startedUnixMs > epoch.startedUnixMs).toBe(true)
          expect(startOfUtcDay(next.startedUnixMs)).toBe(startOfUtcDay(latest))
          expect(boundaries.some((end) => next.startedUnixMs < end && end <= latest)).toBe(false)
          epoch = next
        }
      }),
    )
  })
})
