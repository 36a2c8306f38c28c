/**
 * `npm run bench [-- NAME ...] [--json] [--write] [--runs N]`: measures, prints, and with --write puts what it measured
 * into docs/benchmarks.md. Every run of a benchmark is a process of its own. Nothing here ever fails for being slow.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startNode } from './support/child.ts'
import { describeMachine } from './support/machine.ts'
import { summarize, type Benchmark, type Measure } from './support/measure.ts'
import { toText, type Report } from './support/report.ts'
import { writeReports } from './support/write-docs.ts'

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  stitch: () => import('./stitch.ts'),
  'first-stitch': () => import('./first-stitch.ts'),
  backfill: () => import('./backfill.ts'),
  ingest: () => import('./ingest.ts'),
  show: () => import('./show.ts'),
  idle: () => import('./idle.ts'),
  start: () => import('./start.ts'),
  codec: () => import('./codec.ts'),
  'page-cipher': () => import('./page-cipher.ts'),
}
/** Run when no name is given: all but the one that takes minutes and is decided (docs/adr/0001-page-cipher.md). */
const DEFAULT = Object.keys(BENCHMARKS).filter((name) => name !== 'page-cipher')
const RUNS = 3

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    runs: { type: 'string', default: String(RUNS) },
    /** Internal: one run of one benchmark, in this process. */
    once: { type: 'string' },
  },
})

if (values.once === undefined) await measureAll()
else process.stdout.write(`${JSON.stringify(await (await load(values.once)).run())}\n`)

async function measureAll(): Promise<void> {
  const runs = Number(values.runs)
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs is a number from 1 up')
  const reports: Report[] = []
  for (const name of positionals.length > 0 ? positionals : DEFAULT) {
    const report = await measure(name, runs)
    reports.push(report)
    if (!values.json) console.log(toText(report))
  }
  if (values.json) console.log(JSON.stringify({ reports }))
  if (values.write) writeReports(reports)
}

async function measure(name: string, runs: number): Promise<Report> {
  const { what } = await load(name)
  const machine = describeMachine()
  const results: (readonly Measure[])[] = []
  for (let i = 1; i <= runs; i++) {
    process.stderr.write(`${name}: run ${i} of ${runs}\n`)
    const run = startNode([fileURLToPath(import.meta.url), '--once', name])
    results.push((await run.nextJson()) as readonly Measure[])
    await run.ended
  }
  return { name, what, machine, runs, measures: summarize(results) }
}

function load(name: string): Promise<Benchmark> {
  const benchmark = BENCHMARKS[name]
  if (benchmark === undefined) throw new Error(`no benchmark ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}`)
  return benchmark()
}
