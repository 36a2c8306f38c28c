/** What a grant opens, brought over: 10,000 spans that were there before it, verified and kept by the viewer. */
import { fileURLToPath } from 'node:url'
import type { StatusView } from '../src/agent/http-types/device.ts'
import type { TraceView } from '../src/agent/http-types/traces.ts'
import { nextOf, withBareLink } from './support/bare-link.ts'
import { pair, withDevices, type Device } from './support/device.ts'
import type { Measure } from './support/measure.ts'
import { cpuDuring } from './support/proc.ts'
import { makeBatches, post, type Batch } from './support/spans.ts'
import { until } from './support/until.ts'

export const name = 'backfill'
export const what =
  'The owner holds 10,000 spans in OTLP batches of 512. Timed from asking for the grant until the viewer holds all of them, ' +
  'verified, and is in step. The raw limit brings the same sealed bytes over libp2p, hashes them with SHA-256 and inserts ' +
  'them into the same encrypted SQLite in one transaction.'

const SPANS = 10_000
/** Pause between two looks at the viewer, in milliseconds: looking costs its store thread time. */
const LOOK_EVERY_MS = 10
const RECEIVER = fileURLToPath(new URL('bare-receiver.ts', import.meta.url))

export async function run(): Promise<readonly Measure[]> {
  const { tookMs, cpuS, segments, bytes } = await withDevices({ owner: 'developer', viewer: 'developer' }, backfill)
  const bareMs = await bareTransfer(segments, Math.ceil(bytes / segments))
  const rawLabel = 'libp2p + SHA-256 + encrypted insert'
  return [
    {
      label: 'spans verified and kept',
      unit: 'spans/s',
      better: 'higher',
      ours: (SPANS / tookMs) * 1000,
      raw: { label: rawLabel, value: (SPANS / bareMs) * 1000 },
    },
    {
      label: 'sealed bytes',
      unit: 'MB/s',
      better: 'higher',
      ours: bytes / 1000 / tookMs,
      raw: { label: rawLabel, value: bytes / 1000 / bareMs },
    },
    { label: 'grant to in step', unit: 'ms', better: 'lower', ours: tookMs, raw: { label: rawLabel, value: bareMs } },
    { label: 'processor time of both agents', unit: 'ms', better: 'lower', ours: cpuS * 1000 },
  ]
}

async function backfill(devices: readonly Device[]) {
  const [owner, viewer] = devices as readonly [Device, Device]
  await pair(devices)
  const batches = makeBatches(SPANS)
  for (const { body } of batches) await post(owner.otlp, body)
  const startedUnixMs = Date.now()
  const { result: tookMs, cpuS } = await cpuDuring([owner.pid, viewer.pid], async () => {
    const startedMs = performance.now()
    await owner.grantTraces(viewer)
    await until('everything is here', () => isInStep(viewer, startedUnixMs), LOOK_EVERY_MS)
    return performance.now() - startedMs
  })
  await requireVerified(viewer, batches)
  const [peer] = await viewer.peers()
  return { tookMs, cpuS, segments: peer?.segmentsIn ?? 0, bytes: peer?.bytesIn ?? 0 }
}

async function isInStep(viewer: Device, sinceUnixMs: number): Promise<boolean> {
  const { store } = await viewer.call<StatusView>('GET', '/v1/status')
  if (store.records < SPANS) return false
  const [peer] = await viewer.peers()
  return peer?.pendingSegments === 0 && (peer.syncedUnixMs ?? 0) >= sinceUnixMs
}

/** A trace of every batch, and so of every segment, is shown as verified; otherwise the figure would mean nothing. */
async function requireVerified(viewer: Device, batches: readonly Batch[]): Promise<void> {
  for (const { traceIds } of batches) {
    const { spans } = await viewer.call<TraceView>('GET', `/v1/traces/${traceIds[0]}`)
    const isVerified = spans.every(({ provenance }) => provenance === 'verified')
    if (!isVerified || spans.length === 0) throw new Error('a span is not verified')
  }
}

/** @returns milliseconds until the receiver has said that all of it is committed */
function bareTransfer(count: number, bytes: number): Promise<number> {
  return withBareLink([RECEIVER, String(count), String(bytes)], async (link) => {
    const item = crypto.getRandomValues(new Uint8Array(bytes))
    const startedMs = performance.now()
    for (let i = 0; i < count; i++) await link.send(item)
    await nextOf(link.chunks()[Symbol.asyncIterator]())
    return performance.now() - startedMs
  })
}
