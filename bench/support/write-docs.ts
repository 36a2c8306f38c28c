/** Puts figures into docs/benchmarks.md and README.md, each between its own marks; what people wrote around them stays. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Baseline } from './baseline.ts'
import { numbersToMarkdown } from './numbers.ts'
import { toMarkdown, type Report } from './report.ts'

const BENCHMARKS = new URL('../../docs/benchmarks.md', import.meta.url)
const README = new URL('../../README.md', import.meta.url)
/** Name of the marks around the table of promised numbers. */
const NUMBERS = 'numbers'

/** @throws if a page has no marks for one of them */
export function writeReports(reports: readonly Report[], baseline: Baseline): void {
  const numbers = { name: NUMBERS, content: numbersToMarkdown(baseline) }
  const sections = reports.map((report) => ({ name: report.name, content: toMarkdown(report) }))
  rewrite(BENCHMARKS, [...sections, numbers])
  rewrite(README, [numbers])
}

interface Section {
  readonly name: string
  readonly content: string
}

function rewrite(page: URL, sections: readonly Section[]): void {
  const before = readFileSync(page, 'utf8')
  writeFileSync(
    page,
    sections.reduce((text, section) => putSection(text, section), before),
  )
}

/** @throws if the text has no marks of that name */
export function putSection(text: string, { name, content }: Section): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`no marks ${begin} ... ${end}`)
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`
}
