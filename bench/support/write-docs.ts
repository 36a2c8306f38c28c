/** Puts reports into docs/benchmarks.md, each between its own marks; what people wrote around them stays. */
import { readFileSync, writeFileSync } from 'node:fs'
import { toMarkdown, type Report } from './report.ts'

const PAGE = new URL('../../docs/benchmarks.md', import.meta.url)

/** @throws if the page has no marks for one of them */
export function writeReports(reports: readonly Report[]): void {
  const page = reports.reduce((text, report) => put(text, report.name, toMarkdown(report)), readFileSync(PAGE, 'utf8'))
  writeFileSync(PAGE, page)
}

function put(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no marks ${begin} ... ${end}`)
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`
}
