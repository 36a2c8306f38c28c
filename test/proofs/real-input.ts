/**
 * What people have, through one real agent: the official examples of OTLP, a file of Jaeger's, a large log file, and an
 * application with stock OpenTelemetry under load. All of it must be in, once, and be found by every attribute it has.
 * What is right is worked out from the sources themselves, with nothing of this package.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreStatsView } from '../../src/agent/http-types/device.ts'
import type { LogLine } from '../../src/agent/http-types/traces.ts'
import type { ImportSummary } from '../../src/cli/import/import-files.ts'
import { withDevices, type Device } from '../../bench/support/device.ts'
import { CLONE } from '../../bench/support/program.ts'
import { until } from '../../bench/support/until.ts'
import { runSuccessfully } from '../support/run-program.ts'
import { seeded } from '../support/seeded.ts'
import type { ProofOptions, ProofResult } from './proof.ts'
import { askMetrics } from './real-input/ask-metrics.ts'
import { Asking } from './real-input/asking.ts'
import { LineQuestions, SERVICE } from './real-input/line-questions.ts'
import { fileLines, writeLogFile, type FileLine } from './real-input/log-file.ts'
import { planQuestions, planRanges } from './real-input/plan-questions.ts'
import type { Question } from './real-input/question.ts'
import { readJaeger } from './real-input/read-jaeger.ts'
import { logId, readOtlp, UID } from './real-input/read-otlp.ts'
import { readPoints, type Point } from './real-input/read-points.ts'
import type { Json, SourceRecord } from './real-input/source-record.ts'

export const what =
  'The official OTLP examples, a Jaeger file, a large log file and a stock OpenTelemetry application under load are all in, once, and found again by every attribute.'
/** Lines of the log file. */
export const cases = 1_000_000

const FIXTURES = join(import.meta.dirname, '../fixtures')
const OFFICIAL = ['trace', 'logs', 'metrics', 'events'].map((name) => join(FIXTURES, 'otlp', `${name}.json`))
const JAEGER = join(FIXTURES, 'jaeger', 'checkout.json')
const APP = join(import.meta.dirname, 'real-input', 'stock-app.ts')
const CAPTURED = ['shop', 'stock', 'logs', 'metrics'] as const
const LOG_FILE = 'shop.log'
const LOG_SERVICE = 'shop-file'
/** Lines of the file for each trace of the application, which is six spans and sometimes two log records. */
const LINES_A_TRACE = 50
/** Each page of a list of traces looks at all that is newer: to its end a list takes the square of its length. */
const MAX_TRACES = 4_000
/** Lines from which questions are made. */
const SAMPLED_LINES = 500
/** Questions between two words about how far it is. */
const TELL_EVERY = 50

interface Sources {
  readonly spans: readonly SourceRecord[]
  /** But for the lines of the file. */
  readonly logs: readonly SourceRecord[]
  readonly points: readonly Point[]
  readonly taken: Taken
  readonly lines: number
  readonly sampled: readonly FileLine[]
  readonly importSeconds: number
}
/** What the application says was taken. */
interface Taken {
  /** Of spans and log records. */
  readonly lost: number
  readonly seconds: number
}

export async function run(options: ProofOptions): Promise<ProofResult> {
  return withDevices({ 'real-input': 'developer' }, async ([device]) => {
    const folder = mkdtempSync(join(tmpdir(), 'real-input-'))
    try {
      return await prove(device as Device, folder, options)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

async function prove(device: Device, folder: string, options: ProofOptions): Promise<ProofResult> {
  const sources = await takeIn(device, folder, options)
  // Takes seconds, in which no connection can be kept: before the first request.
  const [ofSpans, ofLogs] = [planSpans(sources, options), planLogs(sources, options)]
  const asking = new Asking(device)
  await countKept(asking, sources)
  for (const question of ofSpans) await asking.spans(question, sources.spans)
  await askLogs(asking, ofLogs, sources, options)
  await askMetrics(asking, sources.points)
  const { spans, logs, points, taken, lines, importSeconds } = sources
  return {
    cases: options.cases,
    failures: asking.failures,
    facts: {
      spans: spans.length,
      'log records': lines + logs.length,
      'metric points': points.length,
      'seconds of load': Math.round(taken.seconds),
      'seconds to import the file': Math.round(importSeconds),
      searches: asking.searches,
      requests: asking.requests,
      'slowest request in ms': Math.round(asking.slowestMs),
      'slowest request': asking.slowest,
    },
  }
}

async function takeIn(device: Device, folder: string, options: ProofOptions): Promise<Sources> {
  const { lines, sampled } = await writeLines(folder, options)
  const traces = Math.min(MAX_TRACES, Math.ceil(options.cases / LINES_A_TRACE))
  const load = runSuccessfully([process.execPath, APP, device.otlp, folder, String(traces)])
  await importInto(device, ...OFFICIAL, JAEGER)
  const began = performance.now()
  await importInto(device, '--format', 'text', '--service', LOG_SERVICE, join(folder, LOG_FILE))
  const importSeconds = (performance.now() - began) / 1_000
  const taken = JSON.parse(await load) as Taken
  const documents = [...OFFICIAL.map(readJson), ...CAPTURED.flatMap((name) => readLines(join(folder, `${name}.jsonl`)))]
  const records = documents.flatMap(readOtlp)
  return {
    spans: [...records.filter(({ lane }) => lane === 'traces'), ...readJaeger(readJson(JAEGER))],
    logs: records.filter(({ lane }) => lane === 'logs'),
    points: documents.flatMap(readPoints),
    taken,
    lines,
    sampled,
    importSeconds,
  }
}

async function writeLines(folder: string, { seed, cases: count }: ProofOptions) {
  const random = seeded(seed)
  const chosen = new Set(Array.from({ length: SAMPLED_LINES }, () => 1 + random.below(count)))
  const sampled: FileLine[] = []
  const lines = await writeLogFile(join(folder, LOG_FILE), seed, count, (line) => {
    if (chosen.has(line.number) && HAS_REQUEST_ID.test(line.text)) sampled.push(line)
  })
  return { lines, sampled }
}

const HAS_REQUEST_ID = / req-/

async function importInto(device: Device, ...argv: readonly string[]): Promise<ImportSummary> {
  const command = [process.execPath, CLONE, '--home', device.folder, '--json', 'import', ...argv]
  return JSON.parse(await runSuccessfully(command)) as ImportSummary
}

function readJson(path: string): Json {
  return JSON.parse(readFileSync(path, 'utf8')) as Json
}

function readLines(path: string): readonly Json[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Json)
}

/** Each record is there once, and the application lost none. */
async function countKept(asking: Asking, { spans, logs, points, lines, taken }: Sources): Promise<void> {
  await until('all records are in segments', async () => (await storeStats(asking)).openRecords === 0)
  const wanted = {
    traces: spans.length,
    logs: lines + logs.length,
    documents: 0,
    metrics: new Set(points.map(({ record }) => record)).size,
  }
  for (const { lane, records } of (await storeStats(asking)).lanes) {
    if (records !== wanted[lane]) asking.failures.push(`${lane}: ${records} records are kept of ${wanted[lane]}`)
  }
  if (taken.lost > 0) asking.failures.push(`the application lost ${taken.lost} spans and log records`)
}

function storeStats(asking: Asking): Promise<StoreStatsView> {
  return asking.call<StoreStatsView>('/v1/store')
}

function planSpans({ spans }: Sources, { seed }: ProofOptions): readonly Question[] {
  const random = seeded(seed)
  return [...planQuestions(spans, 0, random), ...planRanges(spans, 0, random)]
}

/** Lines are numbered as in the file, other log records from here on. */
function firstOther({ cases: count }: ProofOptions): number {
  return count + 1
}

function planLogs({ logs, sampled }: Sources, options: ProofOptions): readonly Question[] {
  const { seed, cases: count } = options
  const first = firstOther(options)
  const ofOthers = planQuestions(logs, first, seeded(seed)).filter(({ filter }) => !filter.includes(SERVICE))
  const ofLines = new LineQuestions(sampled, { file: LOG_FILE, service: LOG_SERVICE }, seeded(seed + 1))
  for (const line of fileLines(seed, count)) if (!line.isBlank) ofLines.look({ ...line, isLine: true })
  for (const [i, record] of logs.entries()) ofLines.look({ ...record, number: first + i, isLine: false })
  return [...ofOthers, ...ofLines.questions]
}

async function askLogs(asking: Asking, questions: readonly Question[], { logs }: Sources, options: ProofOptions) {
  const numbers = new Map(logs.map(({ id }, i) => [id, firstOther(options) + i]))
  const numberOf = ({ attributes, timeUnixNano, severityNumber }: LogLine): number | undefined => {
    const line = attributes['log.file.record_number']
    return line === undefined ? numbers.get(logId(attributes[UID], timeUnixNano, severityNumber)) : Number(line)
  }
  for (const [i, question] of questions.entries()) {
    await asking.logs(question, numberOf)
    if (i % TELL_EVERY === 0) options.onProgress?.(Math.floor((options.cases * i) / questions.length))
  }
}
