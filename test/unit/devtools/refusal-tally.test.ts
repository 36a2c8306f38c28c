import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RefusalTally, TELL_EVERY_MS, type Counts } from '../../../src/devtools/refusal-tally.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('[OH11] many refusals are told once a second, by status', async () => {
  const told: Counts[] = []
  const tally = new RefusalTally((counts) => told.push(counts))
  for (let n = 0; n < 1000; n++) tally.add(n % 4 === 0 ? 413 : 415)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(TELL_EVERY_MS)
  const first = [
    [413, 250],
    [415, 750],
  ]
  expect(told).toEqual([first])
  tally.add(413)
  await vi.advanceTimersByTimeAsync(10 * TELL_EVERY_MS)
  expect(told).toEqual([first, [[413, 1]]])
})
