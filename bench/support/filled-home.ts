/**
 * A device that was told of millions of spans and log lines through its OTLP endpoint, over a simulated month, and beside it
 * the same bytes as the bare parts keep them. Takes minutes to make, so it is kept where it was made, and found again.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { StatusView } from '../../src/agent/http-types/device.ts'
import { BareDatabase } from './bare-database.ts'
import { sizeOf } from './bare-pipeline.ts'
import { beginOf, type BatchTimes } from './batch-times.ts'
import { Device } from './device.ts'
import { load } from './load.ts'
import { encodedWords, LogTemplate, type LogPlan } from './log-template.ts'
import { descendantsOf } from './proc.ts'
import { SpanTemplate, type SpanPlan, type Template } from './span-template.ts'
import { pause } from './until.ts'

export const SERVICES = ['frontend', 'core', 'emotion', 'memory', 'embodiment', 'plugins', 'media', 'search'] as const
const BATCH = 512
export const SPAN_PLAN: SpanPlan = { seed: 10, spansPerBatch: BATCH, servicesPerTrace: 2, services: SERVICES }
export const LOG_PLAN: LogPlan = { seed: 11, linesPerBatch: BATCH, services: SERVICES }
const IN_FLIGHT = 16
const MONTH_DAYS = 30
const MONTH_MS = MONTH_DAYS * 86_400_000
/** Room for either lane. */
const MOST_BYTES = 4 * 2 ** 30
/** Exports in one commit of the bare database. */
const BARE_GROUP = 64
/** Exports that differ in the bare copies: as many as a generator makes at most. */
const VARIANTS = 256
/** Until what is open is cut, in milliseconds. */
const SETTLE_MS = 8_000
/** Changes with whatever makes an older home another one. */
const VERSION = 2

/** What the home holds, written when all of it is there. */
export interface Filled {
  readonly version: number
  readonly batches: number
  readonly spans: number
  readonly lines: number
  readonly startUnixMs: number
  readonly stepMs: number
  readonly spansPerS: number
  readonly linesPerS: number
  readonly bytesPerSpan: number
  readonly bytesPerLine: number
  readonly bareBytesPerSpan: number
}

export const deviceFolder = (folder: string): string => join(folder, 'device')
export const bareFile = (folder: string): string => join(folder, 'bare.db')
export const linesFile = (folder: string): string => join(folder, 'lines.txt')

/** @throws if the folder holds the begin of one, or one of another size */
export async function fillHome(folder: string, records: number, command: string): Promise<Filled> {
  const file = join(folder, 'filled.json')
  const batches = Math.ceil(records / BATCH / SPAN_PLAN.servicesPerTrace) * SPAN_PLAN.servicesPerTrace
  if (existsSync(file)) {
    const filled = JSON.parse(readFileSync(file, 'utf8')) as Filled
    if (filled.version === VERSION && filled.batches === batches) return filled
    throw new Error(`${folder} was filled otherwise: remove it, or name another`)
  }
  if (existsSync(deviceFolder(folder))) throw new Error(`${folder} was filled only in part: remove it`)
  mkdirSync(folder, { recursive: true })
  const startUnixMs = Date.now() - MONTH_MS
  const times = { startUnixMs, stepMs: MONTH_MS / batches }
  const ofDevice = await fillDevice(folder, batches, times, command)
  const bareBytes = keepBare(folder, batches, times)
  const counts = { batches, spans: batches * BATCH, lines: batches * BATCH }
  const filled = { version: VERSION, ...counts, ...times, ...ofDevice, bareBytesPerSpan: bareBytes / counts.spans }
  writeFileSync(file, JSON.stringify(filled))
  return filled
}

async function fillDevice(folder: string, batches: number, times: BatchTimes, command: string) {
  const device = await Device.create('ten-million', 'developer', command, deviceFolder(folder))
  try {
    await device.start()
    // Else what is a month old would be dropped, and what is to be found changes while it is asked for.
    for (const lane of ['traces', 'logs']) {
      await device.call('POST', '/v1/store/retention', { lane, maxAgeDays: 2 * MONTH_DAYS, maxBytes: MOST_BYTES })
    }
    const pids = [device.pid, ...descendantsOf(device.pid)]
    const common = { url: device.otlp, inFlight: IN_FLIGHT, firstBatch: 0, warmUpBatches: 0, batches, times }
    const spans = await load({ ...common, what: { lane: 'traces', ...SPAN_PLAN } }, pids)
    await pause(SETTLE_MS)
    const spanBytes = sizeOf(device.folder)
    const lines = await load({ ...common, what: { lane: 'logs', ...LOG_PLAN } }, pids)
    await pause(SETTLE_MS)
    const bytes = sizeOf(device.folder)
    const { store } = await device.call<StatusView>('GET', '/v1/status')
    const sent = spans.acknowledged + lines.acknowledged
    if (store.records < sent) throw new Error(`${store.records} records kept of ${sent}`)
    return {
      spansPerS: spans.recordsPerS,
      linesPerS: lines.recordsPerS,
      bytesPerSpan: spanBytes / spans.acknowledged,
      bytesPerLine: (bytes - spanBytes) / lines.acknowledged,
    }
  } finally {
    await device.stop()
  }
}

/** @returns bytes of the database */
function keepBare(folder: string, batches: number, times: BatchTimes): number {
  const database = new BareDatabase(bareFile(folder))
  const spans = Array.from({ length: VARIANTS }, (_, variant) => new SpanTemplate(SPAN_PLAN, variant))
  const words = encodedWords()
  const logs = Array.from({ length: VARIANTS }, (_, variant) => new LogTemplate(LOG_PLAN, variant, words))
  const lines = openSync(linesFile(folder), 'w')
  const nextOf = <T extends Template>(templates: readonly T[], plan: SpanPlan | LogPlan, batch: number): T => {
    const template = templates[batch % VARIANTS] as T
    template.become(batch, beginOf(batch, plan, times))
    return template
  }
  for (let first = 0; first < batches; first += BARE_GROUP) {
    const group = Array.from({ length: Math.min(BARE_GROUP, batches - first) }, (_, i) => first + i)
    database.indexLater(group.map((batch) => nextOf(spans, SPAN_PLAN, batch).body))
    for (const batch of group) writeSync(lines, nextOf(logs, LOG_PLAN, batch).toLines())
  }
  database.sortIndex()
  database.close()
  closeSync(lines)
  return statSync(bareFile(folder)).size
}
