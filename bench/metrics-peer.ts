/** Range queries of metrics beside Prometheus: the same samples, the same questions, both over HTTP from a process of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricRange } from '../src/agent/http-types/metrics.ts'
import { HOUR_MS } from '../src/model/metrics/tiers.ts'
import { Device } from './support/device.ts'
import { DAY_MS, fillHome, HOSTS, INTERVAL_MS, SAMPLES, writeOpenMetrics } from './support/metric-day.ts'
import { percentile, type Measure } from './support/measure.ts'
import { Prometheus } from './support/prometheus.ts'

export const name = 'metrics-peer'
export const what =
  'A day of 50 gauges and 50 counters, a sample every 10 s, in the encrypted store of a real agent and in blocks that promtool made for ' +
  'Prometheus 2.42 of Debian 12. Both are asked over HTTP, turn and turn about, 60 times after 10 to warm up, and every answer is read to its end; the first ' +
  'of each are compared. Prometheus averages and rates what is in the 5 minutes before a step, we what is in the step; it encrypts nothing. Here "raw limit" is the peer.'

const WARM_UP = 10
const ASKED = 60
const FIVE_MINUTES_MS = 300_000
/** Two averages over windows that differ by one sample of thirty. */
const NEAR = 0.1
const PEER = 'Prometheus'

interface Question {
  readonly label: string
  readonly stepMs: number
  readonly ours: Readonly<Record<string, string>> & { readonly metric: string }
  readonly theirs: string
  readonly lines: number
  /** How far an answer may be from the other, as a share of it. */
  readonly tolerance: number
}

const QUESTIONS: readonly Question[] = [
  {
    label: 'a day of one gauge at 10 s',
    stepMs: INTERVAL_MS,
    ours: { metric: 'load', fn: 'last', filter: 'host=h7' },
    theirs: 'load{host="h7"}',
    lines: 1,
    tolerance: 0,
  },
  {
    label: 'a day of one gauge, averages of 5 min',
    stepMs: FIVE_MINUTES_MS,
    ours: { metric: 'load', fn: 'avg', filter: 'host=h7' },
    theirs: 'avg_over_time(load{host="h7"}[5m])',
    lines: 1,
    tolerance: NEAR,
  },
  {
    label: 'a day of 50 gauges, averages of 5 min',
    stepMs: FIVE_MINUTES_MS,
    ours: { metric: 'load', fn: 'avg', by: 'host' },
    theirs: 'avg_over_time(load[5m])',
    lines: HOSTS,
    tolerance: NEAR,
  },
  {
    label: 'a day of 50 counters, the sum of their rates in 5 min',
    stepMs: FIVE_MINUTES_MS,
    ours: { metric: 'requests_total', fn: 'rate', by: '' },
    theirs: 'sum(rate(requests_total[5m]))',
    lines: 1,
    tolerance: NEAR,
  },
]

export async function run(): Promise<readonly Measure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-prometheus-'))
  // Whole hours, which ended: both have joined and rolled up what there is.
  const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - DAY_MS - HOUR_MS
  const device = await Device.create('metrics', 'developer')
  let peer: Prometheus | undefined
  try {
    const bytes = await fillHome(device.folder, fromMs)
    writeOpenMetrics(join(folder, 'day.txt'), fromMs)
    peer = await Prometheus.start(folder, join(folder, 'day.txt'))
    await device.start()
    const measures: Measure[] = []
    for (const question of QUESTIONS) measures.push(await ask(question, fromMs, device, peer))
    const onDisk = { label: 'a sample on disk', unit: 'B', better: 'lower', ours: bytes / SAMPLES } as const
    return [...measures, { ...onDisk, raw: { label: PEER, value: peer.bytes / SAMPLES } }]
  } finally {
    await peer?.stop()
    await device.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ask(question: Question, fromMs: number, device: Device, peer: Prometheus): Promise<Measure> {
  const { label, stepMs, ours, theirs } = question
  const { metric, ...more } = ours
  const times = { sinceUnixMs: String(fromMs), untilUnixMs: String(fromMs + DAY_MS), stepMs: String(stepMs) }
  const path = `/v1/metrics/${metric}?${new URLSearchParams({ ...times, ...more }).toString()}`
  const askUs = async (): Promise<() => unknown> => (await device.ask('GET', path)).json
  // Its windows end where ours do; its last step is our last.
  const shiftMs = stepMs === INTERVAL_MS ? 0 : stepMs
  const askPeer = (): Promise<() => unknown> =>
    peer.range(theirs, fromMs + shiftMs, fromMs + DAY_MS - stepMs + shiftMs, stepMs)
  compare(question, (await askUs())() as MetricRange, linesOf((await askPeer())()))
  const [mine, its]: [number[], number[]] = [[], []]
  for (let i = 0; i < WARM_UP + ASKED; i++) {
    mine.push(await timed(askUs))
    its.push(await timed(askPeer))
  }
  const p50 = (all: readonly number[]): number => percentile(all.slice(WARM_UP), 50)
  return { label: `${label}, p50`, unit: 'ms', better: 'lower', ours: p50(mine), raw: { label: PEER, value: p50(its) } }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

/** By host. */
function linesOf(answer: unknown): ReadonlyMap<string, readonly number[]> {
  const { data } = answer as {
    data: { result: readonly { metric: { host?: string }; values: readonly (readonly [number, string])[] }[] }
  }
  return new Map(data.result.map(({ metric, values }) => [metric.host ?? '', values.map(([, value]) => Number(value))]))
}

/** What is fast because it is wrong is not fast. */
function compare(
  { label, lines, tolerance, stepMs }: Question,
  ours: MetricRange,
  theirs: ReadonlyMap<string, readonly number[]>,
): void {
  if (ours.lines.length !== lines || theirs.size !== lines) throw new Error(`${label}: not all lines are there`)
  for (const { labels, values } of ours.lines) {
    const its = theirs.get(labels['host'] ?? (theirs.size === 1 ? [...theirs.keys()][0] : undefined) ?? '')
    if (values.length !== DAY_MS / stepMs || its?.length !== values.length)
      throw new Error(`${label}: steps are missing`)
    const isFar = (value: unknown, i: number): boolean => {
      const other = its[i] as number
      return typeof value !== 'number' || Math.abs(value - other) > Math.abs(other) * tolerance
    }
    const at = values.findIndex(isFar)
    if (at >= 0) throw new Error(`${label}: step ${at} is ${String(values[at])} here and ${String(its[at])} there`)
  }
}
