/** Large traces shown: 10,000 and 50,000 spans read, proven, stitched and sent, and what that does to the agent's main thread. */
import type { RuntimeView } from '../src/agent/http-types/device.ts'
import type { TraceView } from '../src/agent/http-types/traces.ts'
import type { TraceId } from '../src/model/ids.ts'
import { decodeSpans } from '../src/wire/otlp/decode-traces.ts'
import { withDevices, type Device } from './support/device.ts'
import { percentile, type Measure } from './support/measure.ts'
import { makeTrace, newTraceId, post, type Batch } from './support/spans.ts'

export const name = 'show'
export const what =
  'Traces of 10,000 and 50,000 spans on one device, asked for over the socket, one after the other. Meanwhile the agent watches how long its ' +
  'threads are held up. The raw limit decodes the same OTLP and makes JSON of it in one thread.'

const SIZES = [10_000, 50_000] as const
const SHOWS = 5
/** The main thread is never blocked for longer, in milliseconds. */
const GOAL_MAIN_THREAD_MS = 20
/** How long the agent's threads are watched while it shows, and while it does nothing, in milliseconds. */
const WATCH_MS = 6_000
const WATCH_IDLE_MS = 2_000

export async function run(): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  for (const size of SIZES) measures.push(...(await measure(size)))
  return measures
}

async function measure(size: number): Promise<readonly Measure[]> {
  const traceId = newTraceId()
  const batches = makeTrace(traceId, size)
  const { tookMs, busy, idle } = await withDevices({ owner: 'developer' }, async ([device]) => {
    const owner = device as Device
    for (const { body } of batches) await post(owner.otlp, body)
    await showOnce(owner, traceId, size) // warm-up
    const before = await watch(owner, WATCH_IDLE_MS)
    return { ...(await showWatched(owner, traceId, size)), idle: before }
  })
  const raw = { label: 'decode + JSON in one thread', value: bareShow(batches) }
  const spans = size.toLocaleString('en')
  const atRest = 'while nothing is shown'
  return [
    { label: `traces show of ${spans} spans, median`, unit: 'ms', better: 'lower', ours: tookMs, raw },
    {
      label: `main thread held up meanwhile, longest (${spans})`,
      unit: 'ms',
      better: 'lower',
      ours: busy.main.delayMaxMs,
      raw: { label: atRest, value: idle.main.delayMaxMs },
      goal: GOAL_MAIN_THREAD_MS,
    },
    {
      label: `store thread held up meanwhile, longest (${spans})`,
      unit: 'ms',
      better: 'lower',
      ours: busy.store.delayMaxMs,
      raw: { label: atRest, value: idle.store.delayMaxMs },
    },
  ]
}

/** Shows the trace again and again while the threads are watched. */
async function showWatched(owner: Device, traceId: TraceId, size: number) {
  const took: number[] = []
  const over = new AbortController()
  const watching = watch(owner, WATCH_MS).finally(() => over.abort())
  while (!over.signal.aborted || took.length < SHOWS) took.push(await showOnce(owner, traceId, size))
  return { tookMs: percentile(took, 50), busy: await watching }
}

function watch(owner: Device, forMs: number): Promise<RuntimeView> {
  return owner.call<RuntimeView>('GET', `/v1/runtime?watchMs=${forMs}`)
}

/** @returns milliseconds until the answer was here, not yet parsed */
async function showOnce(owner: Device, traceId: TraceId, size: number): Promise<number> {
  const startedMs = performance.now()
  const { json } = await owner.ask('GET', `/v1/traces/${traceId}`)
  const tookMs = performance.now() - startedMs
  const { spans } = json() as TraceView
  const verified = spans.filter(({ provenance }) => provenance === 'verified').length
  if (verified !== size) throw new Error(`${verified} of ${size} spans verified`)
  return tookMs
}

/** @returns milliseconds, the median of as many as above after one to warm up */
function bareShow(batches: readonly Batch[]): number {
  const times = Array.from({ length: SHOWS + 1 }, () => {
    const startedMs = performance.now()
    const spans = batches.flatMap(({ body }) => decodeSpans(body))
    JSON.stringify(
      spans.map(({ spanId, parentSpanId, name: title, startUnixNano, endUnixNano }) => {
        return { spanId, parentSpanId, title, start: String(startUnixNano), end: String(endUnixNano) }
      }),
    )
    return performance.now() - startedMs
  })
  return percentile(times.slice(1), 50)
}
