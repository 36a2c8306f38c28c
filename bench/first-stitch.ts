/** Consent until the whole trace is there: three devices that share nothing, then two grants to the one that looks. */
import type { TraceView } from '../src/agent/http-types/traces.ts'
import { roundTrips } from './support/bare-link.ts'
import { pair, withDevices, type Device } from './support/device.ts'
import { percentile, spreadOf, type Measure } from './support/measure.ts'
import { makeSpan, newTraceId, post } from './support/spans.ts'
import { until } from './support/until.ts'

export const name = 'first-stitch'
export const what =
  'Three paired devices hold one span each of a trace and share nothing. Phone and tablet grant the laptop their traces; ' +
  'timed from the second grant having returned until the laptop calls the trace complete with both foreign spans verified, ' +
  'and until its own span is verified too, which it is once it is chained.'

const ROUNDS = 8
const WARM_UP = 2
/** The promise, in milliseconds. */
const GOAL_MS = 1000

interface FirstStitch {
  readonly completeMs: number
  readonly verifiedMs: number
}

export async function run(): Promise<readonly Measure[]> {
  const times = await withDevices({ laptop: 'developer', phone: 'developer', tablet: 'developer' }, async (devices) => {
    await pair(devices)
    const all: FirstStitch[] = []
    for (let i = 0; i < WARM_UP + ROUNDS; i++) all.push(await stitchFirst(devices))
    return all.slice(WARM_UP)
  })
  const raw = percentile(await roundTrips(makeSpan(newTraceId()).body, 100), 50)
  const complete = spreadOf(times.map(({ completeMs }) => completeMs))
  const verified = spreadOf(times.map(({ verifiedMs }) => verifiedMs))
  return [
    {
      label: 'grant to complete, median',
      unit: 'ms',
      better: 'lower',
      ours: complete.median,
      raw: { label: 'libp2p round trip of one span, p50', value: raw },
    },
    {
      label: `grant to complete, slowest of ${ROUNDS}`,
      unit: 'ms',
      better: 'lower',
      ours: complete.max,
      goal: GOAL_MS,
    },
    {
      label: `grant to own span verified too, slowest of ${ROUNDS}`,
      unit: 'ms',
      better: 'lower',
      ours: verified.max,
      goal: GOAL_MS,
    },
  ]
}

/** One trace over all devices, granted and then revoked, so that the next round starts with nothing shared. */
async function stitchFirst(devices: readonly Device[]): Promise<FirstStitch> {
  const [laptop, phone, tablet] = devices as readonly [Device, Device, Device]
  const traceId = newTraceId()
  const heard = makeSpan(traceId, undefined, 'ear')
  const thought = makeSpan(traceId, heard.spanId, 'core')
  const said = makeSpan(traceId, thought.spanId, 'body')
  await Promise.all([post(phone.otlp, heard.body), post(laptop.otlp, thought.body), post(tablet.otlp, said.body)])
  const grants = [await phone.grantTraces(laptop), await tablet.grantTraces(laptop)] as const
  const startedMs = performance.now()
  const completeMs = await until('the trace is complete', () => isThere(laptop, traceId, 2))
  await until('every span is verified', () => isThere(laptop, traceId, 3))
  const verifiedMs = performance.now() - startedMs
  await phone.call('DELETE', `/v1/consent/${grants[0]}`)
  await tablet.call('DELETE', `/v1/consent/${grants[1]}`)
  return { completeMs, verifiedMs }
}

async function isThere(laptop: Device, traceId: string, verified: number): Promise<boolean> {
  const { complete, spans } = await laptop.call<TraceView>('GET', `/v1/traces/${traceId}`)
  const proven = spans.filter(({ provenance }) => provenance === 'verified')
  return complete && spans.length === 3 && proven.length >= verified
}
