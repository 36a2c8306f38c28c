import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, formatDurationMs } from '../../../src/cli/render/duration.ts'
import { relativeTime } from '../../../src/cli/render/relative-time.ts'

describe('durations', () => {
  test.each([
    [0, '0 ns'],
    [999, '999 ns'],
    [1000, '1 µs'],
    [1234, '1.23 µs'],
    [999_400, '999 µs'],
    [999_600, '1 ms'],
    [12_345_678, '12.3 ms'],
    [412e6, '412 ms'],
    [4.5e9, '4.5 s'],
    [59.94e9, '59.9 s'],
    [59.96e9, '1m 00s'],
    [119.6e9, '2m 00s'],
    [725e9, '12m 05s'],
    [3599.9e9, '1h 00m'],
    [5400e9, '1h 30m'],
    [86_399e9, '1 d'],
    [36 * 3600e9, '1.5 d'],
    [2 ** 64, '213504 d'],
  ])('[QU16] %d ns reads %s', (nanos, want) => {
    expect(formatDuration(nanos)).toBe(want)
  })

  test('[QU16] never takes more than eight cells, whatever the span says', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (nanos) => {
        expect(formatDuration(Number(nanos)).length).toBeLessThanOrEqual(8)
      }),
    )
  })

  test('[QU19] ASCII writes us', () => {
    expect(formatDuration(1500, { ascii: true })).toBe('1.5 us')
    expect(formatDurationMs(1840)).toBe('1.84 s')
  })
})

describe('relative times', () => {
  const now = 1_700_000_000_000
  test.each([
    [0, 'just now'],
    [-1_999, 'just now'],
    [-12_000, '12 s ago'],
    [-60_000, '1 min ago'],
    [-3_600_000, '1 h ago'],
    [-23 * 3_600_000, '1 d ago'],
    [-40 * 86_400_000, '40 d ago'],
    [180_000, 'in 3 min'],
  ])('[QU16] %d ms from now reads %s', (apart, want) => {
    expect(relativeTime(now + apart, now)).toBe(want)
  })
})
