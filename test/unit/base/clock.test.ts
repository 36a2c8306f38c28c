import { expect, test } from 'vitest'
import { startOfUtcDay } from '../../../src/base/clock.ts'

const NOON = Date.UTC(2026, 10, 22, 12)
const rows: readonly { readonly name: string; readonly timeMs: number; readonly want: number }[] = [
  { name: 'any time of a day', timeMs: NOON, want: Date.UTC(2026, 10, 22) },
  { name: 'its first millisecond', timeMs: Date.UTC(2026, 10, 22), want: Date.UTC(2026, 10, 22) },
  { name: 'its last, with a fraction', timeMs: Date.UTC(2026, 10, 23) - 0.5, want: Date.UTC(2026, 10, 22) },
  { name: 'a day before 1970', timeMs: -1, want: -86_400_000 },
]
test.each(rows)('the UTC day of $name', ({ timeMs, want }) => {
  expect(startOfUtcDay(timeMs)).toBe(want)
})
