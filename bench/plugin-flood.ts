/** What a plugin that floods costs everybody else: how long a module waits for its commit, and the agent's memory. */
import { join } from 'node:path'
import { connect, type Module } from '../src/sdk/index.ts'
import { startNode } from './support/child.ts'
import { withDevices, type Device } from './support/device.ts'
import type { Measure } from './support/measure.ts'
import { memoryDuring } from './support/proc.ts'
import { pause } from './support/until.ts'

export const name = 'plugin-flood'
export const what =
  'A module that records ten lines 20 times a second and waits each time until they are committed, for 15 s: alone, and while a plugin that may record ' +
  '6,000 lines a minute sends a million a minute, in frames of one record (as many as its socket takes) and of 512. The limit is the module alone.'

const SAMPLES = 300
const WARM_UP = 40
const LINES = 10
const PERIOD_MS = 50
const MANIFEST = { v: 1, name: 'flood', signals: ['logs'], attributes: ['flood.*'], recordsPerMinute: 6_000 }
const FLOODER = join(import.meta.dirname, 'plugin-flooder.ts')
/** A p99 that at most doubles. */
const SHARE = 0.5
/** What an agent may take at full ingest, in MB: a flood is no more than that. */
const MEMORY_GOAL_MB = 350

interface Waits {
  readonly p99Ms: number
  readonly peakMB: number
}

export function run(): Promise<readonly Measure[]> {
  return withDevices({ laptop: 'developer' }, async (devices) => {
    const [device] = devices as readonly [Device]
    const { credential } = await device.call<{ credential: string }>('POST', '/v1/modules', { module: 'core' })
    const flood = await approved(device)
    const core = connect({ credential, global: false })
    try {
      await waits(core, device, WARM_UP)
      const alone = await waits(core, device, SAMPLES)
      const small = await during(flood, 1, () => waits(core, device, SAMPLES))
      const large = await during(flood, 512, () => waits(core, device, SAMPLES))
      return [...describe('frames of one record', small, alone), ...describe('frames of 512 records', large, alone)]
    } finally {
      await core.close()
    }
  })
}

async function approved(device: Device): Promise<string> {
  const manifest = JSON.stringify(MANIFEST)
  const { sha256 } = await device.call<{ sha256: string }>('POST', '/v1/plugins/review', { manifest })
  const { credential } = await device.call<{ credential: string }>('POST', '/v1/plugins', { manifest, sha256 })
  return credential
}

async function during(
  credential: string,
  records: number,
  work: () => Promise<Waits>,
): Promise<Waits & { sent: number }> {
  const flooder = startNode([FLOODER, credential, String(records)])
  await flooder.nextJson()
  const seen = await work()
  const last = flooder.nextJson() as Promise<{ sent: number }>
  await flooder.stop()
  return { ...seen, ...(await last) }
}

async function waits(core: Module, device: Device, samples: number): Promise<Waits> {
  const tookMs: number[] = []
  const { peakMB } = await memoryDuring([device.pid], async () => {
    for (let i = 0; i < samples; i++) {
      const startedMs = performance.now()
      for (let n = 0; n < LINES; n++) core.logger.info({ n }, 'a line')
      if (!(await core.flush({ timeoutMs: 30_000 }))) throw new Error('a line was not committed in 30 s')
      tookMs.push(performance.now() - startedMs)
      await pause(Math.max(0, PERIOD_MS - (performance.now() - startedMs)))
    }
  })
  if (core.stats.droppedRecords + core.stats.refusedRecords > 0) throw new Error('lines were lost')
  tookMs.sort((a, b) => a - b)
  return { p99Ms: tookMs[Math.floor(samples * 0.99)] as number, peakMB }
}

function describe(shape: string, { p99Ms, peakMB, sent }: Waits & { sent: number }, alone: Waits): readonly Measure[] {
  return [
    {
      label: `${shape}: p99 of a commit`,
      unit: 'ms',
      better: 'lower',
      ours: p99Ms,
      raw: { label: 'without the flood', value: alone.p99Ms },
      shareGoal: SHARE,
    },
    { label: `${shape}: memory`, unit: 'MB', better: 'lower', ours: peakMB, goal: MEMORY_GOAL_MB },
    { label: `${shape}: sent in 15 s`, unit: 'lines/s', better: 'higher', ours: sent / 15 },
  ]
}
