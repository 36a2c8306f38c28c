import { expect, test } from 'vitest'
import { ageLimits, DEFAULT_METRIC_AGING } from '../../../src/policy/metric-aging.ts'

const DAY_MS = 86_400_000
const NOW_MS = 1_000 * DAY_MS
const days = (raw: number, minute: number, hour: number) => ({
  rawMs: raw * DAY_MS,
  minuteMs: minute * DAY_MS,
  hourMs: hour * DAY_MS,
})

test.each([
  {
    name: 'as they came for two days, by minute for a month, by hour for a year',
    aging: DEFAULT_METRIC_AGING,
    want: [2, 30, 365],
  },
  { name: 'a tier never outlives the one it is rolled up to', aging: days(90, 60, 7), want: [7, 7, 7] },
  { name: 'nothing is kept for no time', aging: days(0, 1, 2), want: [0, 1, 2] },
])('[ME33] $name', ({ aging, want }) => {
  const { raw, minute, hour } = ageLimits(aging, NOW_MS)
  expect([raw, minute, hour].map((limit) => (NOW_MS - limit) / DAY_MS)).toEqual(want)
})
