import { afterEach, expect, test, vi } from 'vitest'
import { nodeClock } from '../../../src/platform/node-clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('a wall clock that is set, forward or back, is followed within a millisecond', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  for (const wallMs of [1_800_000_000_000, 1_700_000_000_000]) {
    vi.setSystemTime(wallMs)
    const setAtMs = nodeClock.monotonic()
    while (nodeClock.monotonic() - setAtMs < 1) nodeClock.now()
    expect(Math.abs(nodeClock.now() - wallMs)).toBeLessThanOrEqual(2)
  }
})

test('it is finer than a millisecond and does not go back while the wall clock is left alone', () => {
  const readings = Array.from({ length: 2_000 }, () => nodeClock.now())
  expect(new Set(readings).size).toBeGreaterThan(new Set(readings.map(Math.floor)).size)
  expect(readings.every((time, i) => i === 0 || time >= (readings[i - 1] as number) - 2)).toBe(true)
})
