/** A span reported on one device until it is seen on another: live push between two paired agents, at an idle pace. */
import { roundTrips } from './support/bare-link.ts'
import { pair, withDevices, type Device } from './support/device.ts'
import { percentile, type Measure } from './support/measure.ts'
import { makeSpan, newTraceId, post } from './support/spans.ts'
import { ASK_EVERY_MS, pause, until } from './support/until.ts'

export const name = 'stitch'
export const what =
  'A span is posted to the owner, acknowledged, and asked for at the viewer ' +
  `every ${ASK_EVERY_MS} ms until it is there and verified. Between spans 250 to 750 ms pass.`

const SAMPLES = 100
const WARM_UP = 10
/** The promise, in milliseconds. */
const GOAL_P95_MS = 1000

export async function run(): Promise<readonly Measure[]> {
  const latencies = await withDevices({ owner: 'developer', viewer: 'developer' }, async (devices) => {
    const [owner, viewer] = devices as readonly [Device, Device]
    await pair(devices)
    await owner.grantTraces(viewer)
    const all: number[] = []
    for (let i = 0; i < WARM_UP + SAMPLES; i++) {
      all.push(await stitchOne(owner, viewer))
      await pause(250 + Math.random() * 500)
    }
    return all.slice(WARM_UP)
  })
  const raw = await roundTrips(makeSpan(newTraceId()).body, SAMPLES)
  return [50, 95].map((percent) => ({
    label: `acknowledged to visible, p${percent}`,
    unit: 'ms',
    better: 'lower',
    ours: percentile(latencies, percent),
    raw: { label: `libp2p round trip of the same bytes, p${percent}`, value: percentile(raw, percent) },
    ...(percent === 95 ? { goal: GOAL_P95_MS } : {}),
  }))
}

/** @returns milliseconds from the acknowledgement until the viewer shows the span as verified */
async function stitchOne(owner: Device, viewer: Device): Promise<number> {
  const traceId = newTraceId()
  await post(owner.otlp, makeSpan(traceId).body)
  return until('the span is visible', async () => {
    const { status, json } = await viewer.ask('GET', `/v1/traces/${traceId}`)
    if (status === 404) return false
    const { spans } = json() as { readonly spans: readonly { readonly provenance: string }[] }
    return spans[0]?.provenance === 'verified'
  })
}
