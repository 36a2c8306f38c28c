import { expect, test } from 'vitest'
import type { HealthReport } from '../../../src/model/health.ts'
import { MAX_HEALTH_CHECKS } from '../../../src/model/health.ts'
import { CHECK_EVERY_MS, CHECK_TIMEOUT_MS, HealthChecks, type HealthCheck } from '../../../src/sdk/health-checks.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { settled } from './fake-link.ts'

function setUp() {
  const clock = manualClock()
  const told: (readonly HealthReport[])[] = []
  const checks = new HealthChecks({ clock, report: (reports) => told.push(reports) })
  return { clock, told, checks }
}

test('[BU77] is asked for from pro on, at the beginning of each session and every ten seconds, and told when it changed', async () => {
  const { clock, told, checks } = setUp()
  let status: 'pass' | 'fail' = 'pass'
  let asked = 0
  checks.register('camera', () => {
    asked++
    return status
  })
  checks.setStage('casual')
  clock.advance(CHECK_EVERY_MS)
  await settled()
  expect([asked, told]).toEqual([0, []])
  checks.setStage('pro')
  await settled()
  clock.advance(CHECK_EVERY_MS)
  await settled()
  expect([asked, told]).toEqual([2, [[{ name: 'camera', status: 'pass' }]]])
  status = 'fail'
  clock.advance(CHECK_EVERY_MS)
  await settled()
  checks.setStage('pro')
  await settled()
  expect(told.slice(1)).toEqual([[{ name: 'camera', status: 'fail' }], [{ name: 'camera', status: 'fail' }]])
})

test.each<[string, HealthCheck, object]>([
  ['nothing', () => {}, { status: 'pass' }],
  ['a reason', () => ({ status: 'warn', reason: 'it is dark' }), { status: 'warn', reason: 'it is dark' }],
  ['an exception', () => Promise.reject(new Error('no camera')), { status: 'fail', reason: 'no camera' }],
  [
    'an exception at once',
    () => {
      throw new Error('no camera')
    },
    { status: 'fail', reason: 'no camera' },
  ],
  ['something else', () => 5 as never, { status: 'fail', reason: 'the check gave no result' }],
  [
    'too long a reason',
    () => ({ status: 'fail', reason: 'x'.repeat(300) }),
    { status: 'fail', reason: 'x'.repeat(200) },
  ],
])('[BU77] a check that gives %s', async (_, check, report) => {
  const { told, checks } = setUp()
  checks.setStage('pro')
  checks.register('a', check)
  await settled()
  expect(told).toEqual([[{ name: 'a', ...report }]])
})

test('[BU77] a check that never answers fails, and is not asked again meanwhile', async () => {
  const { clock, told, checks } = setUp()
  checks.setStage('pro')
  let asked = 0
  checks.register('a', () => {
    asked++
    return new Promise<void>(() => {})
  })
  void checks.ask()
  clock.advance(CHECK_TIMEOUT_MS)
  await settled()
  expect([asked, told]).toEqual([1, [[{ name: 'a', status: 'fail', reason: 'no answer within 5 s' }]]])
})

test('[BU77] is bounded, and gone when it is taken away', async () => {
  const { told, checks } = setUp()
  checks.setStage('pro')
  const take = Array.from({ length: MAX_HEALTH_CHECKS + 1 }, (_, i) => checks.register(`c${i}`, () => {}))
  checks.register('  ', () => {})
  await settled()
  for (const away of take.slice(1)) away()
  await settled()
  await checks.ask()
  expect(told.at(-1)).toEqual([{ name: 'c0', status: 'pass' }])
})
