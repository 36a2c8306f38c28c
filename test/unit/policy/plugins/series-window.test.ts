import { expect, test } from 'vitest'
import { SERIES_HOUR_MS, SeriesWindow } from '../../../../src/policy/plugins/series-window.ts'

test('[PL16] so many series have room, and those that have it keep it', () => {
  const window = new SeriesWindow(2)
  expect(['a', 'b', 'c', 'a', 'b'].map((series) => window.take(series, 0))).toEqual([true, true, false, true, true])
})

test('[PL16] a series that is measured every hour stays, one that is not makes room after two', () => {
  const window = new SeriesWindow(2)
  window.take('steady', 0)
  window.take('passing', 0)
  expect(window.take('steady', SERIES_HOUR_MS)).toBe(true)
  expect(window.take('new', SERIES_HOUR_MS)).toBe(false)
  expect(window.take('new', 2 * SERIES_HOUR_MS)).toBe(true)
  expect(window.take('steady', 2 * SERIES_HOUR_MS)).toBe(true)
  expect(window.take('passing', 2 * SERIES_HOUR_MS)).toBe(false)
})

test('[PL16] after a pause of hours nothing is left of before', () => {
  const window = new SeriesWindow(1)
  window.take('a', 0)
  expect(window.take('b', 5 * SERIES_HOUR_MS)).toBe(true)
})

test('[PL16] a clock that stands still, or went back, gives no room', () => {
  const window = new SeriesWindow(1)
  window.take('a', 3 * SERIES_HOUR_MS)
  expect(window.take('b', 0)).toBe(false)
})
