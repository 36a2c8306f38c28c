/**
 * `npm run bench [-- NAME ...] [--runs N] [--json] [--write | --check]`: measures and prints. --write puts what it measured
 * into docs/benchmarks.md, README.md and bench/baseline.json; --check compares with the last, and fails when a ratio to the
 * raw limit has become worse. Nothing else here fails for being slow. Every run of a benchmark is a process of its own.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readBaseline, withReports, writeBaseline } from './support/baseline.ts'
import { checkRatios, isFailure, type Verdict } from './support/check-ratios.ts'
import { startNode } from './support/child.ts'
import { endOnSignals } from './support/end-on-signals.ts'
import { describeMachine, doubtsAbout } from './support/machine.ts'
import { summarize, type Benchmark, type Measure } from './support/measure.ts'
import { numbersToText } from './support/numbers.ts'
import { round, toText, type Report } from './support/report.ts'
import { writeReports } from './support/write-docs.ts'

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  stitch: () => import('./stitch.ts'),
  'stitch-large': () => import('./stitch-large.ts'),
  'first-stitch': () => import('./first-stitch.ts'),
  backfill: () => import('./backfill.ts'),
  ingest: () => import('./ingest.ts'),
  'ingest-small': () => import('./ingest-small.ts'),
  metrics: () => import('./metrics.ts'),
  'metrics-peer': () => import('./metrics-peer.ts'),
  show: () => import('./show.ts'),
  idle: () => import('./idle.ts'),
  start: () => import('./start.ts'),
  sdk: () => import('./sdk.ts'),
  bus: () => import('./bus.ts'),
  'plugin-flood': () => import('./plugin-flood.ts'),
  postings: () => import('./postings.ts'),
  codec: () => import('./codec.ts'),
  'page-cipher': () => import('./page-cipher.ts'),
  'ten-million': () => import('./ten-million.ts'),
}
/** Not run unless named: what takes long, what is decided (docs/adr/0001-page-cipher.md), what needs another program. */
const ON_REQUEST: readonly string[] = ['metrics-peer', 'page-cipher', 'ten-million']
const DEFAULT = Object.keys(BENCHMARKS).filter((name) => !ON_REQUEST.includes(name))
const RUNS = 3
const EXIT_WORSE = 1

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    runs: { type: 'string', default: String(RUNS) },
    /** Where what takes long to make is kept for the next run. */
    home: { type: 'string' },
    /** Fewer records than a benchmark is named for, to try it out; never written down. */
    records: { type: 'string' },
    /** Internal: one run of one benchmark, in this process. */
    once: { type: 'string' },
  },
})
const options = {
  ...(values.home !== undefined && { home: values.home }),
  ...(values.records !== undefined && { records: wholeNumber('--records', values.records) }),
}

endOnSignals()

if (values.once === undefined) await measureAll()
else process.stdout.write(`${JSON.stringify(await (await load(values.once)).run(options))}\n`)

async function measureAll(): Promise<void> {
  const runs = wholeNumber('--runs', values.runs)
  const isTrial = values.records !== undefined
  if (isTrial && (values.write || values.check))
    throw new Error('--records is for trying out: not with --write or --check')
  const reports: Report[] = []
  const failures: string[] = []
  for (const name of positionals.length > 0 ? positionals : DEFAULT) {
    const { report, worse } = await measureOne(name, runs)
    reports.push(report)
    failures.push(...worse)
    if (!values.json) console.log(toText(report))
  }
  const baseline = values.write ? writeBaseline(reports) : withReports(readBaseline(), reports)
  if (values.json) console.log(JSON.stringify({ reports, failures }))
  else console.log(numbersToText(baseline))
  if (values.write) writeReports(reports, baseline)
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = EXIT_WORSE
}

/** With --check, whatever looks worse is measured again as often, and is worse only if all runs together say so. */
async function measureOne(name: string, runs: number): Promise<{ report: Report; worse: readonly string[] }> {
  const { what } = await load(name)
  const machine = describeMachine()
  const measures = await runTimes(name, runs)
  const toReport = (): Report => ({ name, what, machine, runs: measures.length, measures: summarize(measures) })
  if (!values.check) return { report: toReport(), worse: [] }
  const before = readBaseline()[name]?.measures ?? []
  if (checkRatios(before, toReport().measures).some(isFailure)) measures.push(...(await runTimes(name, runs)))
  const report = toReport()
  const worse = checkRatios(before, report.measures).filter(isFailure)
  const doubts = worse.length > 0 ? doubtsAbout(machine, readBaseline()[name]?.machine) : []
  return {
    report,
    worse: [
      ...worse.map((verdict) => describeVerdict(name, verdict)),
      ...doubts.map((doubt) => `${name}: but ${doubt}`),
    ],
  }
}

async function runTimes(name: string, runs: number): Promise<(readonly Measure[])[]> {
  const results: (readonly Measure[])[] = []
  const passedOn = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)])
  for (let i = 1; i <= runs; i++) {
    process.stderr.write(`${name}: run ${i} of ${runs}\n`)
    const run = startNode([fileURLToPath(import.meta.url), '--once', name, ...passedOn])
    results.push((await run.nextJson()) as readonly Measure[])
    await run.ended
  }
  return results
}

function describeVerdict(name: string, verdict: Verdict): string {
  if (verdict.is !== 'worse')
    return `${name}: ${verdict.label}: in the baseline, but not measured any more; see --write`
  const { label, was, now, limit } = verdict
  const percent = Math.round((now / was - 1) * 100)
  return `${name}: ${label}: ${round(now)} times the raw limit, was ${round(was)} (${percent} % worse; up to ${round(limit)} is kept)`
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} is a number from 1 up`)
  return Number(text)
}

function load(name: string): Promise<Benchmark> {
  const benchmark = BENCHMARKS[name]
  if (benchmark === undefined) throw new Error(`no benchmark ${name}; there are ${Object.keys(BENCHMARKS).join(', ')}`)
  return benchmark()
}
