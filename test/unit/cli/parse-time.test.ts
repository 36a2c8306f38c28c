import { describe, expect, test } from 'vitest'
import { parseEnd, parseTime } from '../../../src/cli/parse-time.ts'

const NOW = Date.UTC(2026, 10, 22, 18, 30, 15, 500)

describe('times as people type them', () => {
  const rows: readonly { readonly text: string; readonly want: number }[] = [
    { text: 'all', want: 0 },
    { text: 'now', want: NOW },
    { text: '90m', want: NOW - 90 * 60_000 },
    { text: '2h', want: NOW - 7_200_000 },
    { text: '3d', want: NOW - 3 * 86_400_000 },
    { text: '2026-11-22', want: Date.UTC(2026, 10, 22) },
    { text: '2024-02-29', want: Date.UTC(2024, 1, 29) },
    { text: '2026-11-22T18:00', want: Date.UTC(2026, 10, 22, 18) },
    { text: '2026-11-22T18:00:01', want: Date.UTC(2026, 10, 22, 18, 0, 1) },
    { text: '2026-11-22T18:00:00Z', want: Date.UTC(2026, 10, 22, 18) },
    { text: '2026-11-22T18:00:00.250Z', want: Date.UTC(2026, 10, 22, 18, 0, 0, 250) },
    { text: '2026-11-22T18:00:00+02:00', want: Date.UTC(2026, 10, 22, 16) },
    { text: '2026-11-22T18:00-05:30', want: Date.UTC(2026, 10, 22, 23, 30) },
  ]
  test.each(rows)('[CL12] $text', ({ text, want }) => {
    expect(parseTime(text, NOW, '--since')).toBe(want)
  })

  const refused = [
    '',
    'yesterday',
    '2 h',
    '2s',
    '-2h',
    '1.5h',
    '1234567d',
    '2026',
    '2026-11',
    '2026-13-01',
    '2026-02-30',
    '2025-02-29',
    '2026-11-22 18:00',
    '2026-11-22T25:00',
    '2026-11-22T18',
    '22.11.2026',
    '11/22/2026',
    '1795370400000',
    '2026-11-22T18:00:00Z\n',
    '1969-12-31',
  ]
  test.each(refused)('[CL12] %j is refused, naming the option', (text) => {
    expect(() => parseTime(text, NOW, '--since')).toThrow(
      expect.objectContaining({ code: 'CLI_USAGE', message: expect.stringContaining('--since') }),
    )
  })

  test('[CL12] a time before 1970 is no time: nothing was recorded then', () => {
    expect(() => parseTime('999999d', NOW, '--since')).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }))
  })
})

describe('when something ends', () => {
  test.each([
    ['2h', NOW + 7_200_000],
    ['3d', NOW + 3 * 86_400_000],
    ['2026-12-01', Date.UTC(2026, 11, 1)],
  ])('[CL12] %s', (text, want) => {
    expect(parseEnd(text, NOW, '--until')).toBe(want)
  })

  test.each(['all', 'never', '-2h', ''])('[CL12] %j is no end, and the refusal names the option', (text) => {
    expect(() => parseEnd(text, NOW, '--until')).toThrow(
      expect.objectContaining({ code: 'CLI_USAGE', message: expect.stringContaining('--until') }),
    )
  })
})
