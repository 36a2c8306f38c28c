import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RefusalTally, TELL_EVERY_MS, type Counts } from '../../../src/devtools/refusal-tally.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('[OH11] many refusals are told once a second, by status', async () => {
  const told: Counts[] = []
  const tally = new RefusalTally(async (counts) => told.push(counts) > 0)
  for (let n = 0; n < 1000; n++) tally.add(n % 4 === 0 ? 413 : 415)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(TELL_EVERY_MS)
  expect(told).toEqual([{ 413: 250, 415: 750 }])
  await vi.advanceTimersByTimeAsync(10 * TELL_EVERY_MS)
  expect(told).toHaveLength(1)
})

test('[OH11] what the agent does not take is told again with what came since', async () => {
  const told: Counts[] = []
  const tally = new RefusalTally(async (counts) => told.push(counts) > 1)
  tally.add(413)
  await vi.advanceTimersByTimeAsync(TELL_EVERY_MS)
  tally.add(413)
  await vi.advanceTimersByTimeAsync(TELL_EVERY_MS)
  expect(told).toEqual([{ 413: 1 }, { 413: 2 }])
})
