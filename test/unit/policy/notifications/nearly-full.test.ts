import { expect, test } from 'vitest'
import { nearlyFull } from '../../../../src/policy/notifications/nearly-full.ts'

const use = (percent: number, of = 'logs') => ({ of, bytes: percent, maxBytes: 100 })

test.each([
  { name: 'below', percent: 89, told: [], tell: [], after: [] },
  { name: 'at nine tenths', percent: 90, told: [], tell: [{ of: 'logs', percent: 90 }], after: ['logs'] },
  { name: 'over its limit it is full', percent: 130, told: [], tell: [{ of: 'logs', percent: 100 }], after: ['logs'] },
  { name: 'told before', percent: 99, told: ['logs'], tell: [], after: ['logs'] },
  { name: 'a little less is not room', percent: 75, told: ['logs'], tell: [], after: ['logs'] },
  { name: 'room again', percent: 74, told: ['logs'], tell: [], after: [] },
  { name: 'another was told', percent: 95, told: ['metrics'], tell: [{ of: 'logs', percent: 95 }], after: ['logs'] },
])('[NT8] $name', ({ percent, told, tell, after }) => {
  expect(nearlyFull([use(percent)], told)).toEqual({ tell, told: after })
})
