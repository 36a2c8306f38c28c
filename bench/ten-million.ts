/** Ten million spans and as many log lines in one home: what is found in them, how fast, and what they weigh. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareLimits, type BareLimits } from './support/bare-limits.ts'
import { Device } from './support/device.ts'
import { deviceFolder, fillHome, type Filled } from './support/filled-home.ts'
import { askHome, type Answers } from './support/home-questions.ts'
import { percentile, type BenchmarkOptions, type Measure } from './support/measure.ts'
import { descendantsOf, memoryOf } from './support/proc.ts'
import { withPackage } from './support/program.ts'
import { pause } from './support/until.ts'

export const name = 'ten-million'
export const what =
  'Ten million spans of 345 bytes from eight services over a simulated month, traces of 6.5 spans from two of them, and ten ' +
  'million log lines, sent through the OTLP endpoint. Asked over the socket, one question after the other, for ids, sessions ' +
  'and words picked at random: a trace by id, first with nothing in the memory of the agent and then again; 20 traces of one ' +
  'session that took longer than 300 ms within some week; the newest 100 traces; 100 lines with a rare (some 40 in all), a ' +
  'medium (some 3,000) and a common word (every thirtieth line). The raw limits: the spans by primary key in the same ' +
  'encrypted SQLite, decompressed and scanned; all of them decompressed and scanned; `grep -c` over the lines as text. Memory ' +
  'is resident, of the agent and its devtools process together.'

const RECORDS = 10_000_000
const STARTS = 5
const IDLE_AFTER_MS = 30_000
/** What the issue wants. */
const GOALS = { bytesPerSpan: 80, traceMs: 10, searchMs: 100, newestMs: 20, wordMs: 300, startMs: 500, idleMB: 150 }

export async function run({ home, records = RECORDS }: BenchmarkOptions): Promise<readonly Measure[]> {
  const folder = home ?? mkdtempSync(join(tmpdir(), 'bench-ten-million-'))
  try {
    return await withPackage(async (command) => {
      const filled = await fillHome(folder, records, command)
      const lived = await live(folder, filled, command)
      const limits = bareLimits(folder, filled)
      return [...sizes(filled), ...answers(lived.answers, limits), ...costs(lived)]
    })
  } finally {
    if (home === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

interface Lived {
  readonly startMs: number
  readonly startedMB: number
  readonly askedMB: number
  readonly idleMB: number
  readonly answers: Answers
}

async function live(folder: string, filled: Filled, command: string): Promise<Lived> {
  const device = Device.open(name, deviceFolder(folder), command)
  const starts: number[] = []
  for (let i = 0; i < STARTS; i++) {
    starts.push(await device.start())
    if (i < STARTS - 1) await device.stop()
  }
  try {
    const pids = [device.pid, ...descendantsOf(device.pid)]
    const startedMB = memoryOf(pids)
    const found = await askHome(device, filled)
    const askedMB = memoryOf(pids)
    await pause(IDLE_AFTER_MS)
    return { startMs: percentile(starts, 50), startedMB, askedMB, idleMB: memoryOf(pids), answers: found }
  } finally {
    await device.stop()
  }
}

function sizes(filled: Filled): readonly Measure[] {
  const raw = { label: 'zstd 1 + a row for each trace', value: filled.bareBytesPerSpan }
  const { bytesPerSpan: spanBytes, bytesPerLine, spansPerS, linesPerS } = filled
  return [
    {
      label: 'on disk, everything included',
      unit: 'B/span',
      better: 'lower',
      ours: spanBytes,
      raw,
      goal: GOALS.bytesPerSpan,
    },
    { label: 'on disk, log lines', unit: 'B/line', better: 'lower', ours: bytesPerLine },
    { label: 'spans committed while it was filled', unit: 'spans/s', better: 'higher', ours: spansPerS },
    { label: 'lines committed while it was filled', unit: 'lines/s', better: 'higher', ours: linesPerS },
  ]
}

function answers(found: Answers, limits: BareLimits): readonly Measure[] {
  const byKey = (percent: number) => ({ label: 'by primary key', value: percentile(limits.traceMs, percent) })
  const scan = { label: 'full scan of the same bytes', value: limits.scanMs }
  const grep = { label: '`grep -c`', value: limits.grepMs }
  return [
    ...timed('trace by id, first time, p50', found.traceCold, 50, byKey(50)),
    ...timed('trace by id, p50', found.trace, 50, byKey(50)),
    ...timed('trace by id, first time, p95', found.traceCold, 95, byKey(95)),
    ...timed('trace by id, p95', found.trace, 95, byKey(95), GOALS.traceMs),
    ...timed('search for 20 summaries, p50', found.search, 50, scan),
    ...timed('search for 20 summaries, p95', found.search, 95, scan, GOALS.searchMs),
    ...timed('newest 100 summaries, p95', found.newest, 95, scan, GOALS.newestMs),
    ...timed('rare word in log lines, p95', found.rareWord, 95, grep),
    ...timed('medium word in log lines, p95', found.mediumWord, 95, grep),
    ...timed('common word in log lines, p95', found.commonWord, 95, grep),
    ...timed('word in log lines, p95', allWords(found), 95, grep, GOALS.wordMs),
  ]
}

function allWords({ rareWord, mediumWord, commonWord }: Answers): readonly number[] {
  return [...rareWord, ...mediumWord, ...commonWord]
}

/** Nothing where nothing could be asked. */
function timed(
  label: string,
  times: readonly number[],
  percent: number,
  raw: Measure['raw'],
  goal?: number,
): readonly Measure[] {
  if (times.length === 0) return []
  const ours = percentile(times, percent)
  return [{ label, unit: 'ms', better: 'lower', ours, ...(raw && { raw }), ...(goal !== undefined && { goal }) }]
}

function costs({ startMs, startedMB, askedMB, idleMB }: Lived): readonly Measure[] {
  return [
    { label: 'start to ready', unit: 'ms', better: 'lower', ours: startMs, goal: GOALS.startMs },
    { label: 'memory after the start', unit: 'MB', better: 'lower', ours: startedMB },
    { label: 'memory after all questions', unit: 'MB', better: 'lower', ours: askedMB },
    { label: 'memory half a minute later', unit: 'MB', better: 'lower', ours: idleMB, goal: GOALS.idleMB },
  ]
}
