/** What an agent costs when nothing happens: memory and processor time of its processes, at each stage. */
import { startNode } from './support/child.ts'
import { pair, withDevices, type Device } from './support/device.ts'
import type { Measure } from './support/measure.ts'
import { withPackage } from './support/program.ts'
import { descendantsOf, usageOf } from './support/proc.ts'
import { pause } from './support/until.ts'

export const name = 'idle'
export const what =
  'Five agents and a bare Node that does nothing, all at once, over 20 s: casual; pro, paired and connected to another; ' +
  'developer, whose devtools process is counted on its own. They run the compiled package, as users do; one at casual runs ' +
  'the sources. Memory is resident: of pages that processes share each has its part; RSS counts all of them.'

const SETTLE_MS = 8_000
const WATCH_MS = 20_000

/** Of the package at casual. */
const RSS_GOAL_MB = 90
const CPU_GOAL_PERCENT = 0.5

interface Idle {
  readonly memoryMB: number
  readonly rssMB: number
  readonly cpuPercent: number
}

const STAGES = { casual: 'casual', pro: 'pro', other: 'pro', developer: 'developer' } as const

export async function run(): Promise<readonly Measure[]> {
  const bare = startNode(['--eval', 'setInterval(() => {}, 1e8)'])
  try {
    return await withDevices({ source: 'casual' }, (sources) =>
      withPackage((command) => withDevices(STAGES, (devices) => watchAll(bare.pid, [...devices, ...sources]), command)),
    )
  } finally {
    await bare.stop()
  }
}

async function watchAll(bare: number, devices: readonly Device[]): Promise<readonly Measure[]> {
  const [casual, pro, other, developer, source] = devices as readonly [Device, Device, Device, Device, Device]
  await pair([pro, other])
  const [devtools] = descendantsOf(developer.pid)
  await pause(SETTLE_MS)
  const pids = [bare, casual.pid, pro.pid, developer.pid, devtools as number, source.pid]
  const [raw, ...ours] = (await watch(pids)) as [Idle, ...Idle[]]
  const names = ['casual', 'pro, paired', 'developer, agent', 'developer, devtools', 'casual, from source']
  const rssOf = (label: string, { rssMB }: Idle): Measure => ({ label, unit: 'MB', better: 'lower', ours: rssMB })
  const [packaged, sources] = [ours[0], ours.at(-1)] as [Idle, Idle]
  return [
    ...names.flatMap((stage, i) => describe(stage, ours[i] as Idle, raw)),
    { ...rssOf('casual: RSS', packaged), goal: RSS_GOAL_MB },
    rssOf('casual, from source: RSS', sources),
  ]
}

async function watch(pids: readonly number[]): Promise<readonly Idle[]> {
  const before = pids.map(usageOf)
  const startedMs = performance.now()
  await pause(WATCH_MS)
  const seconds = (performance.now() - startedMs) / 1000
  return pids.map(usageOf).map(({ memoryMB, rssMB, cpuS }, i) => ({
    memoryMB,
    rssMB,
    cpuPercent: ((cpuS - (before[i]?.cpuS ?? 0)) / seconds) * 100,
  }))
}

function describe(stage: string, ours: Idle, raw: Idle): readonly Measure[] {
  return [
    {
      label: `${stage}: memory`,
      unit: 'MB',
      better: 'lower',
      ours: ours.memoryMB,
      raw: { label: 'bare Node', value: raw.memoryMB },
    },
    // A bare Node uses none at all, so there is no ratio.
    {
      label: `${stage}: processor`,
      unit: '% of a core',
      better: 'lower',
      ours: ours.cpuPercent,
      ...(stage === 'casual' && { goal: CPU_GOAL_PERCENT }),
    },
  ]
}
