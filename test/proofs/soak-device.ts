/** The work of the soak: finds what an agent can take, sends it half of that, looks at it, and counts what it has kept. */
import type { KeptLaneView, RuntimeView, StoreStatsView } from '../../src/agent/http-types/device.ts'
import type { TraceList, TraceView } from '../../src/agent/http-types/traces.ts'
import type { LoadJob, LoadResult } from '../../bench/load-generator.ts'
import type { Device } from '../../bench/support/device.ts'
import { Bystander } from '../../bench/support/bystander.ts'
import { traceIdOf } from '../../bench/support/id-plan.ts'
import { load, loadDuring } from '../../bench/support/load.ts'
import { descendantsOf, stolenS, usageOf } from '../../bench/support/proc.ts'
import { tracesPerGroup, type SpanPlan } from '../../bench/support/span-template.ts'
import { pause } from '../../bench/support/until.ts'
import { seeded } from '../support/seeded.ts'
import type { ProofOptions } from './proof.ts'

/** One second of the agent. */
export interface Look extends RuntimeView {
  readonly devtoolsBytes: number
  /** Processor time that the host gave to others meanwhile, in milliseconds. */
  readonly stolenMs: number
  /** Longest time that a bystander needed for next to nothing, in milliseconds. */
  readonly bystanderMs: number
}

export interface Soaked {
  /** Spans a second that it takes at most. */
  readonly fullPerS: number
  /** At half of it. */
  readonly load: LoadResult
  readonly looks: readonly Look[]
  readonly queries: number
  readonly acknowledged: number
  readonly kept: number
  /** For want of room: retention runs meanwhile. */
  readonly dropped: number
  /** Of {@link SAMPLES}. */
  readonly incompleteTraces: number
}

/** How long the most that the agent can take is looked for, in milliseconds. */
const FULL_LOAD_MS = 8_000
const IN_FLIGHT = 16
const WARM_UP_BATCHES = 100
/** More than can be taken in any soak. */
const BATCHES = 10_000_000
const WATCH_MS = 1_000
/** Looks between two words about how far it is. */
const TELL_EVERY = 30
/** Pause between two questions of somebody who looks around, in milliseconds. */
const ASK_EVERY_MS = 500
/** Until what is open is cut, in milliseconds. */
const SETTLE_MS = 6_000
/** Traces asked for in the end, span by span. */
const SAMPLES = 50
/** Room for spans, for each second of load: a sixth of what comes in, so that it is full when memory is first judged. */
const ROOM_PER_S = 1 << 19
/** Part of what is kept, from the newest on, that is surely not dropped while it is asked for. */
const SAFE_SHARE = 0.7

export async function soakDevice(device: Device, options: ProofOptions): Promise<Soaked> {
  const { seed, cases: seconds } = options
  const plan: SpanPlan = { seed, spansPerBatch: 512, servicesPerTrace: 1, services: ['soak'] }
  const [devtools] = descendantsOf(device.pid)
  const pids = [device.pid, devtools as number]
  const all: LoadJob = {
    url: device.otlp,
    what: { lane: 'traces', ...plan },
    inFlight: IN_FLIGHT,
    firstBatch: 0,
    warmUpBatches: WARM_UP_BATCHES,
    batches: BATCHES,
    forMs: FULL_LOAD_MS,
  }
  await device.call('POST', '/v1/store/retention', { lane: 'traces', maxBytes: seconds * ROOM_PER_S })
  const full = await load(all, pids)
  const half: LoadJob = {
    ...all,
    firstBatch: full.nextBatch,
    warmUpBatches: 0,
    forMs: seconds * 1_000,
    recordsPerS: full.recordsPerS / 2,
  }
  const { loaded, seen } = await loadDuring(half, pids, () =>
    lookAround(device, seed, () => watch(device, devtools as number, options)),
  )
  await pause(SETTLE_MS)
  const { kept, dropped } = await countSpans(device)
  const oldest = loaded.nextBatch - Math.floor((SAFE_SHARE * kept) / plan.spansPerBatch)
  return {
    fullPerS: full.recordsPerS,
    load: loaded,
    looks: seen.result,
    queries: seen.queries,
    acknowledged: full.acknowledged + loaded.acknowledged,
    kept,
    dropped,
    incompleteTraces: await countIncomplete(device, plan, { from: Math.max(0, oldest), to: loaded.nextBatch }),
  }
}

/** One look after the other, until the load is about to end. */
async function watch(device: Device, devtools: number, options: ProofOptions): Promise<readonly Look[]> {
  const endMs = performance.now() + options.cases * 1_000 - WATCH_MS
  const looks: Look[] = []
  const bystander = new Bystander()
  while (performance.now() < endMs) {
    const before = stolenS()
    bystander.takeLongestMs()
    const look = await device.call<RuntimeView>('GET', `/v1/runtime?watchMs=${WATCH_MS}`)
    const stolenMs = (stolenS() - before) * 1_000
    const bystanderMs = bystander.takeLongestMs()
    looks.push({ ...look, devtoolsBytes: usageOf(devtools).memoryMB * 1e6, stolenMs, bystanderMs })
    if (looks.length % TELL_EVERY === 0) options.onProgress?.(looks.length)
  }
  await bystander.stop()
  return looks
}

/** Asks for lists, and for traces that stand in them, while `work` runs. */
async function lookAround<T>(device: Device, seed: number, work: () => Promise<T>) {
  const random = seeded(seed)
  const over = new AbortController()
  const asking = (async () => {
    for (let queries = 0; ; queries++) {
      if (over.signal.aborted) return queries
      const { traces } = await device.call<TraceList>('GET', '/v1/traces?limit=100')
      const { traceId } = random.pick(traces)
      await device.call('GET', random.pick(['/v1/logs?limit=100', `/v1/traces/${traceId}`]))
      await pause(ASK_EVERY_MS)
    }
  })()
  const result = await work().finally(() => over.abort())
  return { result, queries: await asking }
}

async function countSpans(device: Device): Promise<{ readonly kept: number; readonly dropped: number }> {
  const { lanes } = await device.call<StoreStatsView>('GET', '/v1/store')
  const traces = lanes.find(({ lane }) => lane === 'traces') as KeptLaneView
  return {
    kept: traces.records + traces.openRecords,
    dropped: traces.gone.reduce((sum, { records }) => sum + records, 0),
  }
}

/** Of exports that are kept. */
async function countIncomplete(
  device: Device,
  plan: SpanPlan,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<number> {
  const random = seeded(plan.seed + 1)
  const traces = tracesPerGroup(plan)
  let incomplete = 0
  for (let i = 0; i < SAMPLES; i++) {
    const inBatch = random.below(traces)
    const traceId = traceIdOf(plan.seed, (from + random.below(to - from)) * traces + inBatch)
    const { spans } = await device.call<TraceView>('GET', `/v1/traces/${traceId}`)
    const wanted = Math.floor(plan.spansPerBatch / traces) + Number(inBatch < plan.spansPerBatch % traces)
    if (spans.length !== wanted) incomplete++
  }
  return incomplete
}
