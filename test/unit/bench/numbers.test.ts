import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withReports } from '../../../bench/support/baseline.ts'
import { summarize } from '../../../bench/support/measure.ts'
import { numberRows, numbersToMarkdown } from '../../../bench/support/numbers.ts'
import type { Report } from '../../../bench/support/report.ts'
import { putSection } from '../../../bench/support/write-docs.ts'

const report: Report = {
  name: 'ingest',
  what: 'spans',
  machine: { cpu: 'x', cores: 2, memoryGiB: 1, system: 's', node: 'v24', date: '2026-11-23', loadAtStart: 0 },
  runs: 1,
  measures: summarize([
    [
      {
        label: 'spans committed',
        unit: 'spans/s',
        better: 'higher',
        ours: 250_000.123_456,
        raw: { label: 'bare pipeline', value: 400_000 },
        goal: 300_000,
        shareGoal: 0.6,
      },
    ],
  ]),
}

describe('the table of promised numbers', () => {
  test('shows ours, the limit, the share of it, and which goals are met', () => {
    const [first] = numberRows(withReports({}, [report]))
    expect(first?.slice(1, 5)).toEqual([
      '250 k spans/s',
      'bare pipeline: 400 k spans/s',
      '0.625 x',
      'at least 300 k spans/s: **missed**; at least 0.6 x the limit: met',
    ])
    expect(first?.[5]).toMatch(/^Tempo/)
  })

  test('says of every other path that it is not measured yet', () => {
    const rows = numberRows({})
    expect(rows.every((cells) => cells[1] === 'not measured yet')).toBe(true)
    expect(numbersToMarkdown({}).split('\n').length).toBe(rows.length + 2)
  })

  test('a report takes the place of the older one of the same benchmark, and of no other', () => {
    const older = withReports({ show: { ...report, name: 'show' } }, [{ ...report, runs: 9 }])
    const newer = withReports(older, [report])
    expect([newer['ingest']?.runs, newer['show']?.runs]).toEqual([1, 1])
    expect(newer['ingest']?.measures[0]?.ours.median).toBe(250_000)
  })
})

describe('a section of a page', () => {
  const page = 'before\n<!-- a -->\nold\n<!-- /a -->\nafter <!-- b -->\n<!-- /b -->'

  test('is replaced between its marks, and nothing around them is', () => {
    expect(putSection(page, { name: 'a', content: 'new' })).toBe(page.replace('old', 'new'))
  })

  test.each(['c', '/a'])('without marks %s is refused', (name) => {
    expect(() => putSection(page, { name, content: 'new' })).toThrow(name)
  })
})

test('the page of results has a place for every benchmark', () => {
  const folder = new URL('../../../bench/', import.meta.url)
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
  const names = sources.flatMap((source) => /^export const name = '([^']+)'$/m.exec(source)?.[1] ?? [])
  expect(names).toContain('ingest')
  const page = readFileSync(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8')
  expect(names.filter((name) => putSection(page, { name, content: 'new' }) === page)).toEqual([])
})
