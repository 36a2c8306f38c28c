/** Large traces shown: 10,000 and 50,000 spans read, proven, stitched and sent, and what that does to the agent's main thread. */
import type { TraceView } from '../src/agent/http-types.ts'
import type { TraceId } from '../src/model/ids.ts'
import { decodeSpans } from '../src/wire/otlp/decode-traces.ts'
import { withDevices, type Device } from './support/device.ts'
import { percentile, type Measure } from './support/measure.ts'
import { MAIN_THREAD_PATH, probeDuring, probeIdle } from './support/probe.ts'
import { makeTrace, newTraceId, post, type Batch } from './support/spans.ts'
import { pause } from './support/until.ts'

export const name = 'show'
export const what =
  'Traces of 10,000 and 50,000 spans on one device, asked for over the socket. Meanwhile requests that only the main thread answers ' +
  'are timed: the slowest is how long it was blocked. The raw limit decodes the same OTLP and makes JSON of it in one thread.'

const SIZES = [10_000, 50_000] as const
const SHOWS = 5
/** The main thread is never blocked for longer, in milliseconds. */
const GOAL_MAIN_THREAD_MS = 20
/** Between shows, so that one's rubbish is not counted for the next, in milliseconds. */
const BETWEEN_MS = 300

export async function run(): Promise<readonly Measure[]> {
  const measures: Measure[] = []
  for (const size of SIZES) measures.push(...(await measure(size)))
  return measures
}

async function measure(size: number): Promise<readonly Measure[]> {
  const traceId = newTraceId()
  const batches = makeTrace(traceId, size)
  const { tookMs, blockedMs, idleMs } = await withDevices({ owner: 'developer' }, async ([device]) => {
    const owner = device as Device
    for (const { body } of batches) await post(owner.otlp, body)
    const shows = []
    for (let i = 0; i <= SHOWS; i++) {
      shows.push(await showOnce(owner, traceId, size))
      await pause(BETWEEN_MS)
    }
    shows.shift() // warm-up
    return {
      idleMs: Math.max(...(await probeIdle(owner, MAIN_THREAD_PATH))),
      tookMs: percentile(
        shows.map((show) => show.tookMs),
        50,
      ),
      blockedMs: Math.max(...shows.map((show) => show.blockedMs)),
    }
  })
  const raw = { label: 'decode + JSON in one thread', value: bareShow(batches) }
  const spans = size.toLocaleString('en')
  return [
    { label: `traces show of ${spans} spans, median`, unit: 'ms', better: 'lower', ours: tookMs, raw },
    {
      label: `longest wait for the main thread meanwhile (${spans})`,
      unit: 'ms',
      better: 'lower',
      ours: blockedMs,
      raw: { label: 'the same requests while nothing is shown, longest', value: idleMs },
      goal: GOAL_MAIN_THREAD_MS,
    },
  ]
}

async function showOnce(
  owner: Device,
  traceId: TraceId,
  size: number,
): Promise<{ readonly tookMs: number; readonly blockedMs: number }> {
  const { result, latenciesMs } = await probeDuring(owner, MAIN_THREAD_PATH, async () => {
    const startedMs = performance.now()
    const { json } = await owner.ask('GET', `/v1/traces/${traceId}`)
    return { tookMs: performance.now() - startedMs, json }
  })
  const { spans } = result.json() as TraceView
  const verified = spans.filter(({ provenance }) => provenance === 'verified').length
  if (verified !== size) throw new Error(`${verified} of ${size} spans verified`)
  return { tookMs: result.tookMs, blockedMs: Math.max(...latenciesMs) }
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
