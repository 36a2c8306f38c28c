/** Spans from a program's exporter to the disk: OTLP/HTTP through the devtools process, acknowledged after the commit. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { constants, zstdCompressSync } from 'node:zlib'
import type { StatusView } from '../src/agent/http-types.ts'
import { openEncrypted } from '../src/store/open-encrypted.ts'
import { scanOtlp } from '../src/wire/otlp/scan.ts'
import { IN_FLIGHT, MEASURED_SPANS, type LoadResult } from './load-generator.ts'
import { startNode } from './support/child.ts'
import { withDevices, type Device } from './support/device.ts'
import { percentile, type Measure } from './support/measure.ts'
import { cpuDuring, descendantsOf } from './support/proc.ts'
import { MAIN_THREAD_PATH, probeDuring, probeIdle, STORE_THREAD_PATH } from './support/probe.ts'
import { BATCH_SPANS, makeBatches } from './support/spans.ts'

export const name = 'ingest'
export const what =
  `OTLP/HTTP protobuf, ${BATCH_SPANS} spans an export, ${IN_FLIGHT} exports in flight, each acknowledged after its commit; ` +
  'the sender is a process of its own on the same machine. Waits of other requests are measured over the socket meanwhile: ' +
  'the delay of the main thread itself is not exposed, and these include the wait for a core. ' +
  'The raw limit scans, compresses and inserts the same bytes in one thread, one transaction an export, without any index.'

const GENERATOR = fileURLToPath(new URL('load-generator.ts', import.meta.url))
/** The main thread is never blocked for longer, in milliseconds. */
const GOAL_MAIN_THREAD_MS = 20

export async function run(): Promise<readonly Measure[]> {
  const { load, cpuS, mainMs, storeMs, idleMs } = await withDevices({ owner: 'developer' }, ingest)
  const { batchesMs: rawMs, cpuS: rawCpuS } = bareIngest()
  return [
    {
      label: 'spans committed',
      unit: 'spans/s',
      better: 'higher',
      ours: load.spansPerS,
      raw: {
        label: 'scan + zstd 1 + encrypted insert',
        value: (MEASURED_SPANS / rawMs.reduce((a, b) => a + b)) * 1000,
      },
    },
    {
      label: 'processor time for 1,000 spans, agent and devtools',
      unit: 'ms',
      better: 'lower',
      ours: (cpuS / MEASURED_SPANS) * 1e6,
      raw: { label: 'scan + zstd 1 + encrypted insert', value: (rawCpuS / MEASURED_SPANS) * 1e6 },
    },
    {
      label: `acknowledged, p50 (${IN_FLIGHT} in flight)`,
      unit: 'ms',
      better: 'lower',
      ours: load.ackP50Ms,
      raw: { label: 'one export in one thread, p50', value: percentile(rawMs, 50) },
    },
    {
      label: `acknowledged, p99 (${IN_FLIGHT} in flight)`,
      unit: 'ms',
      better: 'lower',
      ours: load.ackP99Ms,
      raw: { label: 'one export in one thread, p99', value: percentile(rawMs, 99) },
    },
    {
      label: 'request to the main thread meanwhile, p99',
      unit: 'ms',
      better: 'lower',
      ours: percentile(mainMs, 99),
      raw: { label: 'the same requests while nothing comes in, p99', value: percentile(idleMs, 99) },
      goal: GOAL_MAIN_THREAD_MS,
    },
    { label: 'request to the store thread meanwhile, p99', unit: 'ms', better: 'lower', ours: percentile(storeMs, 99) },
  ]
}

async function ingest([owner]: readonly Device[]) {
  const device = owner as Device
  const generator = startNode([GENERATOR, device.otlp])
  await generator.nextJson() // warmed up
  const pids = [device.pid, ...descendantsOf(device.pid)]
  const { result: probed, cpuS } = await cpuDuring(pids, () =>
    probeDuring(device, MAIN_THREAD_PATH, () =>
      probeDuring(device, STORE_THREAD_PATH, () => generator.nextJson() as Promise<LoadResult>),
    ),
  )
  await generator.ended
  const idleMs = await probeIdle(device, MAIN_THREAD_PATH)
  const { store } = await device.call<StatusView>('GET', '/v1/status')
  if (store.records < MEASURED_SPANS) throw new Error(`${store.records} records kept of ${MEASURED_SPANS}`)
  const { result, latenciesMs: mainMs } = probed
  return { load: result.result, cpuS, mainMs, storeMs: result.latenciesMs, idleMs }
}

/** Milliseconds of each batch, and the processor time of all. */
function bareIngest(): { readonly batchesMs: readonly number[]; readonly cpuS: number } {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bare-'))
  const db = openEncrypted(join(folder, 'bare.db'), new Uint8Array(randomBytes(32)))
  db.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, records INTEGER NOT NULL, body BLOB NOT NULL)')
  const insert = db.prepare('INSERT INTO item (records, body) VALUES (?, ?)')
  try {
    const batches = makeBatches(MEASURED_SPANS)
    const before = process.cpuUsage()
    const batchesMs = batches.map(({ body }) => {
      const startedMs = performance.now()
      const { accepted } = scanOtlp('traces', body)
      insert.run(accepted, zstdCompressSync(body, { params: { [constants.ZSTD_c_compressionLevel]: 1 } }))
      return performance.now() - startedMs
    })
    const { user, system } = process.cpuUsage(before)
    return { batchesMs, cpuS: (user + system) / 1e6 }
  } finally {
    db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
