/** Messages between modules: through the agent, with envelope and context, and over bare ZeroMQ with as many hops. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ModuleCredential } from '../src/wire/bus-credential.ts'
import type { Measured, Work } from './bus-messages.ts'
import { startNode } from './support/child.ts'
import { withDevices, type Device } from './support/device.ts'
import type { Measure } from './support/measure.ts'
import { cpuDuring } from './support/proc.ts'

export const name = 'bus'
export const what =
  'Two modules in processes of their own, payloads of 200 bytes, at the pro stage: published in blocks of 512, each when the receiver has had the one before; requested 64 at once, ' +
  'and one by one. The limit is zeromq.js with CURVE in the same three processes (DEALER, ROUTER, DEALER): messages as long, which nobody reads and nobody acknowledges.'

const WORK_MS = 3_000
/** Of the limit. */
const SHARE = 0.6
const WORKS: readonly Work[] = ['tell', 'ask-many', 'ask-one']

/** With the processor time of all three processes. */
type Results = Readonly<Record<Work, Measured>>

export async function run(): Promise<readonly Measure[]> {
  const raw = await bare()
  const ours = await withDevices({ laptop: 'pro' }, ([device]) => throughAgent(device as Device))
  const rate = ({ count, tookMs }: Measured): number => (count / tookMs) * 1_000
  const perSecond = (label: string, work: Work): Measure => ({
    label,
    unit: 'messages/s',
    better: 'higher',
    ours: rate(ours[work]),
    raw: { label: 'bare ZeroMQ', value: rate(raw[work]) },
    shareGoal: SHARE,
  })
  const cpuOf = (label: string, work: Work): Measure => ({
    label,
    unit: 'us',
    better: 'lower',
    ours: (ours[work].cpuS / ours[work].count) * 1e6,
    raw: { label: 'bare ZeroMQ', value: (raw[work].cpuS / raw[work].count) * 1e6 },
  })
  return [
    perSecond('published, in blocks of 512', 'tell'),
    perSecond('requested and answered, 64 at once', 'ask-many'),
    {
      label: 'requested and answered, one by one, p50',
      unit: 'us',
      better: 'lower',
      ours: ours['ask-one'].medianUs,
      raw: { label: 'bare ZeroMQ', value: raw['ask-one'].medianUs },
      shareGoal: SHARE,
    },
    cpuOf('processor time of a published message, all three processes', 'tell'),
    cpuOf('processor time of a request and its answer, all three processes', 'ask-many'),
  ]
}

async function throughAgent(device: Device): Promise<Results> {
  const add = async (module: string): Promise<string> =>
    (await device.call<{ credential: string }>('POST', '/v1/modules', { module })).credential
  const [caller, callee] = [await add('caller'), await add('callee')]
  return measureAll('bus-module', device.pid, caller, callee)
}

async function bare(): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-bus-'))
  const router = startNode([programOf('bare-router'), folder])
  try {
    const { caller, callee } = (await router.nextJson()) as Record<'caller' | 'callee', ModuleCredential>
    return await measureAll('bare-module', router.pid, JSON.stringify(caller), JSON.stringify(callee))
  } finally {
    await router.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param between the process that passes messages on */
async function measureAll(program: string, between: number, caller: string, callee: string): Promise<Results> {
  const answering = startNode([programOf(program), callee, 'callee'])
  try {
    await answering.nextJson()
    const results: [Work, Measured][] = []
    for (const work of WORKS) {
      const calling = startNode([programOf(program), caller, work, String(WORK_MS)])
      await calling.nextJson()
      const { result, cpuS } = await cpuDuring([between, answering.pid], () => calling.nextJson())
      const measured = result as Measured
      results.push([work, { ...measured, cpuS: measured.cpuS + cpuS }])
      await calling.ended
    }
    return Object.fromEntries(results) as Results
  } finally {
    await answering.stop()
  }
}

function programOf(file: string): string {
  return join(import.meta.dirname, `${file}.ts`)
}
