import { expect, test } from 'vitest'
import { REFUSAL_REPORT_INTERVAL_MS, RefusalReporter } from '../../../src/bus/refusal-reporter.ts'
import { manualClock } from '../../support/manual-clock.ts'

test('[BU2] the first refusal is told at once, the following ones as one count per interval and module', () => {
  const clock = manualClock()
  const told: [string, number][] = []
  const reporter = new RefusalReporter(clock, (module, count) => told.push([module, count]))
  for (let i = 0; i < 100; i++) reporter.refused('core')
  reporter.refused('ear')
  expect(told).toEqual([
    ['core', 1],
    ['ear', 1],
  ])
  clock.advance(REFUSAL_REPORT_INTERVAL_MS)
  expect(told.slice(2)).toEqual([['core', 99]])
  reporter.refused('core')
  clock.advance(REFUSAL_REPORT_INTERVAL_MS - 1)
  expect(told).toHaveLength(3)
  clock.advance(1)
  expect(told.slice(3)).toEqual([['core', 1]])
  clock.advance(REFUSAL_REPORT_INTERVAL_MS)
  reporter.refused('core')
  expect(told.slice(4), 'after a quiet interval the next is told at once again').toEqual([['core', 1]])
})

test('[BU2] stopping tells what is still untold, and then nothing more', () => {
  const clock = manualClock()
  const told: number[] = []
  const reporter = new RefusalReporter(clock, (_, count) => told.push(count))
  for (let i = 0; i < 5; i++) reporter.refused('core')
  reporter.stop()
  clock.advance(10 * REFUSAL_REPORT_INTERVAL_MS)
  expect(told).toEqual([1, 4])
})
