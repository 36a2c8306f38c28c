/** What was measured last and committed: `bench/baseline.json`, against which `--check` compares and from which tables are made. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Report } from './report.ts'

const FILE = new URL('../baseline.json', import.meta.url)

/** Reports by benchmark, each as it was written last. */
export type Baseline = Readonly<Record<string, Report>>

export function readBaseline(): Baseline {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Baseline) : {}
}

/** Puts these reports in place of older ones of the same benchmarks. */
export function writeBaseline(reports: readonly Report[]): Baseline {
  const baseline = withReports(readBaseline(), reports)
  writeFileSync(FILE, `${JSON.stringify(baseline, undefined, 1)}\n`)
  return baseline
}

export function withReports(baseline: Baseline, reports: readonly Report[]): Baseline {
  return { ...baseline, ...Object.fromEntries(reports.map((report) => [report.name, rounded(report)])) }
}

/** Digits beyond the sixth only make every commit of the file look like a change. */
function rounded(report: Report): Report {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value
  return JSON.parse(JSON.stringify(report, round)) as Report
}
