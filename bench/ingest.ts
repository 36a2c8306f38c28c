/** Spans from a program's exporter to the disk: OTLP/HTTP through the devtools process, acknowledged after the commit. */
import type { RuntimeView, StatusView } from '../src/agent/http-types/device.ts'
import type { LoadJob } from './load-generator.ts'
import { sizeOf, withBarePipeline } from './support/bare-pipeline.ts'
import { withDevices, type Device } from './support/device.ts'
import { load, loadDuring, type Loaded } from './support/load.ts'
import type { Measure } from './support/measure.ts'
import { descendantsOf, memoryOf } from './support/proc.ts'
import { withPackage } from './support/program.ts'
import { BATCH_SPANS } from './support/spans.ts'
import { traceIdOf } from './support/id-plan.ts'
import { pause } from './support/until.ts'

export const name = 'ingest'

const IN_FLIGHT = 16
const WARM_UP_BATCHES = 200
/** 1.5 million spans: five seconds at the goal. */
const BATCHES = 3_000
/** The bare pipeline takes as many as its published figure was measured with: its index slows it down from there. */
const BARE_BATCHES = 1_000
/** How long queries are asked meanwhile, in milliseconds. */
const MIXED_MS = 10_000
/** The watch of both threads ends before the load does, so that all of it is under load. */
const WATCH_MS = 9_000
/** More than can be taken in that time. */
const MIXED_BATCHES = 20_000
/** Pause between two queries, in milliseconds: a person who looks around, and a page that refreshes. */
const QUERY_EVERY_MS = 200
/** Until all is cut, in milliseconds. */
const SETTLE_MS = 6_000
/** When memory is looked at again, in milliseconds after the last span. */
const COOL_MS = 60_000
const SEED = 1

/** What the issue wants. */
const GOAL_SPANS_PER_S = 300_000
const GOAL_SHARE = 0.6
const GOAL_BYTES_PER_SPAN = 80
const GOAL_PEAK_MB = 350
const GOAL_COOLED_MB = 150
const GOAL_MAIN_THREAD_MS = 20

export const what =
  `OTLP/HTTP protobuf, ${BATCH_SPANS} spans of 345 bytes an export, ${IN_FLIGHT} exports in flight, 78 new traces in each, every ` +
  'one acknowledged after its commit; the sender is a process of its own on the same machine. ' +
  `${thousands(BATCHES * BATCH_SPANS)} spans; then as fast for ${MIXED_MS / 1000} s while traces and logs are asked for every ` +
  `${QUERY_EVERY_MS} ms. The raw limit is a bare pipeline under the same sender: an HTTP process that hands bodies over a unix ` +
  'socket to another, whose thread scans, compresses (zstd 1) and inserts them into the same encrypted SQLite with a row for ' +
  `each trace, one commit for all that wait; over its first ${thousands(BARE_BATCHES * BATCH_SPANS)} spans. Memory is resident, of ` +
  'the agent and its devtools process together.'

interface Ours {
  readonly full: Loaded
  readonly runtime: RuntimeView
  readonly bytesPerSpan: number
  readonly cooledMB: number
}

interface Bare {
  readonly full: Loaded
  readonly bytesPerSpan: number
}

export async function run(): Promise<readonly Measure[]> {
  const ours = await withPackage((command) =>
    withDevices({ owner: 'developer' }, ([owner]) => ingest(owner as Device), command),
  )
  const bare = await withBarePipeline({ work: 'index', hop: true }, async ({ url, pids, size }) => {
    const full = await load(job(url, 0, BARE_BATCHES), pids)
    return { full, bytesPerSpan: size() / spansUpTo(BARE_BATCHES) }
  })
  return [...speed(ours.full, bare.full), ...sizes(ours, bare), ...delays(ours.runtime)]
}

async function ingest(device: Device): Promise<Ours> {
  const pids = [device.pid, ...descendantsOf(device.pid)]
  const full = await load(job(device.otlp, 0, BATCHES), pids)
  await pause(SETTLE_MS)
  const { store } = await device.call<StatusView>('GET', '/v1/status')
  if (store.records < spansUpTo(BATCHES)) throw new Error(`${store.records} records kept of ${spansUpTo(BATCHES)}`)
  const bytesPerSpan = sizeOf(device.folder) / spansUpTo(BATCHES)
  const runtime = await watchUnderLoad(device, pids)
  await pause(COOL_MS)
  return { full, runtime, bytesPerSpan, cooledMB: memoryOf(pids) }
}

async function watchUnderLoad(device: Device, pids: readonly number[]): Promise<RuntimeView> {
  const mixed = { ...job(device.otlp, WARM_UP_BATCHES + BATCHES, MIXED_BATCHES), forMs: MIXED_MS }
  const { seen } = await loadDuring(mixed, pids, () =>
    queryDuring(device, () => device.call<RuntimeView>('GET', `/v1/runtime?watchMs=${WATCH_MS}`)),
  )
  return seen
}

/** Asks what a person asks who looks around, one question after the other. */
async function queryDuring<T>(device: Device, work: () => Promise<T>): Promise<T> {
  const paths = ['/v1/traces?limit=100', `/v1/traces/${traceIdOf(SEED, 0)}`, '/v1/logs?limit=100']
  const over = new AbortController()
  const asking = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      await device.call('GET', paths[i % paths.length] as string)
      await pause(QUERY_EVERY_MS)
    }
  })()
  try {
    return await work()
  } finally {
    over.abort()
    await asking
  }
}

function job(url: string, firstBatch: number, batches: number): LoadJob {
  const plan = { seed: SEED, spansPerBatch: BATCH_SPANS, servicesPerTrace: 1, services: ['bench'] }
  return {
    url,
    what: { lane: 'traces', ...plan },
    inFlight: IN_FLIGHT,
    firstBatch,
    warmUpBatches: WARM_UP_BATCHES,
    batches,
  }
}

const spansUpTo = (batches: number): number => (WARM_UP_BATCHES + batches) * BATCH_SPANS

function speed(ours: Loaded, bare: Loaded): readonly Measure[] {
  const cpuMs = ({ cpuS, records }: Loaded): number => (cpuS / records) * 1e6
  return [
    {
      label: 'spans committed',
      unit: 'spans/s',
      better: 'higher',
      ours: ours.recordsPerS,
      raw: { label: 'bare pipeline', value: bare.recordsPerS },
      goal: GOAL_SPANS_PER_S,
      shareGoal: GOAL_SHARE,
    },
    {
      label: 'processor time for 1,000 spans, agent and devtools',
      unit: 'ms',
      better: 'lower',
      ours: cpuMs(ours),
      raw: { label: 'bare pipeline', value: cpuMs(bare) },
    },
    {
      label: `acknowledged, p50 (${IN_FLIGHT} in flight)`,
      unit: 'ms',
      better: 'lower',
      ours: ours.ackP50Ms,
      raw: { label: 'bare pipeline, p50', value: bare.ackP50Ms },
    },
    {
      label: `acknowledged, p99 (${IN_FLIGHT} in flight)`,
      unit: 'ms',
      better: 'lower',
      ours: ours.ackP99Ms,
      raw: { label: 'bare pipeline, p99', value: bare.ackP99Ms },
    },
    { label: 'refused for a moment (503)', unit: 'requests', better: 'lower', ours: ours.busy },
  ]
}

function sizes(ours: Ours, bare: Bare): readonly Measure[] {
  return [
    {
      label: 'on disk, everything included',
      unit: 'B/span',
      better: 'lower',
      ours: ours.bytesPerSpan,
      raw: { label: 'bare pipeline', value: bare.bytesPerSpan },
      goal: GOAL_BYTES_PER_SPAN,
    },
    {
      label: 'memory, at most',
      unit: 'MB',
      better: 'lower',
      ours: ours.full.peakMB,
      raw: { label: 'bare pipeline', value: bare.full.peakMB },
      goal: GOAL_PEAK_MB,
    },
    { label: 'memory a minute later', unit: 'MB', better: 'lower', ours: ours.cooledMB, goal: GOAL_COOLED_MB },
  ]
}

function delays({ main, store }: RuntimeView): readonly Measure[] {
  const delay = (label: string, ours: number): Measure => ({ label, unit: 'ms', better: 'lower', ours })
  return [
    { ...delay('main thread held up, with queries, p99', main.delayP99Ms), goal: GOAL_MAIN_THREAD_MS },
    delay('main thread held up, with queries, longest', main.delayMaxMs),
    delay('store thread held up, with queries, p99', store.delayP99Ms),
  ]
}

function thousands(value: number): string {
  return value.toLocaleString('en')
}
