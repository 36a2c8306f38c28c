/** What the bare parts take to find the same things in the same bytes, in milliseconds. */
import { spawnSync } from 'node:child_process'
import { fromHex } from '../../src/base/bytes.ts'
import { BareDatabase } from './bare-database.ts'
import { BareScan } from './bare-scan.ts'
import { bareFile, linesFile, SPAN_PLAN, type Filled } from './filled-home.ts'
import { mix, traceIdOf } from './id-plan.ts'
import { wordOf } from './log-template.ts'
import { percentile } from './measure.ts'
import { sessionOf, tracesPerGroup } from './span-template.ts'

export interface BareLimits {
  /** A trace by its id: rows by key, exports decompressed and scanned. */
  readonly traceMs: readonly number[]
  /** All exports decompressed and scanned, and searched for one text. */
  readonly scanMs: number
  /** `grep -c` of a word over all lines, in the page cache. */
  readonly grepMs: number
}

const TRACES = 200
const MAX_SPANS = 65_536
const GREPS = 5

export function bareLimits(folder: string, filled: Filled): BareLimits {
  const database = new BareDatabase(bareFile(folder))
  try {
    return {
      traceMs: traceTimes(database, filled),
      scanMs: elapsed(() => scanAll(database, filled)),
      grepMs: grepMs(linesFile(folder)),
    }
  } finally {
    database.close()
  }
}

function traceTimes(database: BareDatabase, { batches }: Filled): readonly number[] {
  const traces = (batches / SPAN_PLAN.servicesPerTrace) * tracesPerGroup(SPAN_PLAN)
  return Array.from({ length: TRACES }, (_, i) => {
    const id = fromHex(traceIdOf(SPAN_PLAN.seed, mix(i, 1) % traces)) as Uint8Array
    return elapsed(() => {
      if (database.spansOf(id) === 0) throw new Error('a trace is not there')
    })
  })
}

function scanAll(database: BareDatabase, { spans }: Filled): void {
  const scan = new BareScan(MAX_SPANS)
  const session = sessionOf(0)
  let seen = 0
  let found = 0
  for (const body of database.bodies()) {
    seen += scan.scan(body).count
    if (Buffer.from(body.buffer, body.byteOffset, body.length).includes(session)) found++
  }
  if (seen !== spans || found === 0) throw new Error(`${seen} spans of ${spans}, ${found} exports with the session`)
}

/** @throws without grep, which every Unix has */
function grepMs(file: string): number {
  const times = Array.from({ length: GREPS }, (_, i) =>
    elapsed(() => {
      const { status, error } = spawnSync('grep', ['-c', '-F', wordOf(i), file], {
        env: { LC_ALL: 'C' },
        stdio: 'ignore',
      })
      if (error !== undefined || status !== 0) throw new Error('grep found nothing', { cause: error })
    }),
  )
  return percentile(times, 50)
}

function elapsed(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}
