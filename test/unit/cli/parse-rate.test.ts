import { expect, test } from 'vitest'
import { parseRate, refuseRate } from '../../../src/cli/parse-rate.ts'

test.each([
  ['500kB', 500_000],
  ['2MiB', 2_097_152],
  ['1GB', 1_000_000_000],
  ['64KiB', 65_536],
  ['0', 0],
  ['0kB', 0],
  ['none', null],
])('[LK23] %s', (text, rate) => {
  expect(refuseRate(text)).toBeUndefined()
  expect(parseRate(text)).toBe(rate)
})

test.each(['', '500', '5 MB', '-1MB', '1.5MB', '1TB', 'MB', '12345678kB', 'None'])('[LK23] %j is no rate', (text) => {
  expect(refuseRate(text)).toContain('500kB')
})
