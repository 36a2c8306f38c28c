/** How long a start takes: from the command being run to the line that says the agent is ready. */
import type { StageName } from '../src/agent/http-types/device.ts'
import { startNode } from './support/child.ts'
import { Device } from './support/device.ts'
import { percentile, type Measure } from './support/measure.ts'
import { CLONE, withPackage } from './support/program.ts'

export const name = 'start'
export const what =
  'From spawning `aico-mesh start` to its ready line, the median of 7 after one to warm up; at the developer stage that ' +
  'includes the devtools process and its port. The raw limit is a Node that evaluates 0 and ends.'

const STARTS = 7
/** Of the package at casual. */
const READY_GOAL_MS = 400

export async function run(): Promise<readonly Measure[]> {
  const raw = { label: '`node --eval 0`', value: await medianOf(bareStart) }
  const measure = async (program: string, stage: StageName, command: string): Promise<Measure> => {
    const goal = program === 'package' && stage === 'casual' ? { goal: READY_GOAL_MS } : {}
    return {
      label: `${program}, ${stage}`,
      unit: 'ms',
      better: 'lower',
      ours: await startAt(stage, command),
      raw,
      ...goal,
    }
  }
  const ofPackage = await withPackage(async (command) => [
    await measure('package', 'casual', command),
    await measure('package', 'developer', command),
  ])
  return [...ofPackage, await measure('clone', 'casual', CLONE), await measure('clone', 'developer', CLONE)]
}

async function startAt(stage: StageName, command: string): Promise<number> {
  const device = await Device.create('start', stage, command)
  try {
    return await medianOf(async () => {
      const tookMs = await device.start()
      await device.stop()
      return tookMs
    })
  } finally {
    await device.remove()
  }
}

async function bareStart(): Promise<number> {
  const startedMs = performance.now()
  await startNode(['--eval', '0']).ended
  return performance.now() - startedMs
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i <= STARTS; i++) times.push(await measure())
  return percentile(times.slice(1), 50)
}
