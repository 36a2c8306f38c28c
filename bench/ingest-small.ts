/** Spans a few at a time: what a request and a commit cost, rather than a span. */
import type { LoadJob } from './load-generator.ts'
import { withBarePipeline } from './support/bare-pipeline.ts'
import { withDevices, type Device } from './support/device.ts'
import { load, type Loaded } from './support/load.ts'
import type { Measure } from './support/measure.ts'
import { descendantsOf } from './support/proc.ts'
import { withPackage } from './support/program.ts'

export const name = 'ingest-small'

const BATCH_SPANS = 8
const IN_FLIGHT = 64
const WARM_UP_BATCHES = 3_000
const BATCHES = 40_000
/** What the issue wants of the bare parts. */
const GOAL_SHARE = 0.5

export const what =
  `The same with ${BATCH_SPANS} spans an export, a trace each, and ${IN_FLIGHT} exports in flight. The raw limit is one HTTP process ` +
  'whose thread inserts the bytes as they came into the same encrypted SQLite, one commit for all that wait; beside it the same with a ' +
  'second process in front, as the devtools process is.'

export async function run(): Promise<readonly Measure[]> {
  const ours = await withPackage((command) =>
    withDevices({ owner: 'developer' }, ([owner]) => ingest(owner as Device), command),
  )
  const bare = await bareIngest(false)
  const bareWithHop = await bareIngest(true)
  const raw = { label: 'bare HTTP + group commit', value: bare.recordsPerS }
  const withHop = { label: 'bare HTTP twice + group commit', value: bareWithHop.recordsPerS }
  const cpuMs = ({ cpuS, records }: Loaded): number => (cpuS / records) * 1e6
  const rate = { unit: 'spans/s', better: 'higher', ours: ours.recordsPerS } as const
  const cpu = { label: 'bare HTTP + group commit', value: cpuMs(bare) }
  const late = { label: 'bare HTTP + group commit, p99', value: bare.ackP99Ms }
  return [
    { label: 'spans committed', ...rate, raw, shareGoal: GOAL_SHARE },
    { label: 'spans committed, beside two processes', ...rate, raw: withHop },
    { label: 'processor time for 1,000 spans', unit: 'ms', better: 'lower', ours: cpuMs(ours), raw: cpu },
    {
      label: `acknowledged, p99 (${IN_FLIGHT} in flight)`,
      unit: 'ms',
      better: 'lower',
      ours: ours.ackP99Ms,
      raw: late,
    },
    { label: 'refused for a moment (503)', unit: 'requests', better: 'lower', ours: ours.busy },
  ]
}

function ingest(device: Device): Promise<Loaded> {
  return load(job(device.otlp), [device.pid, ...descendantsOf(device.pid)])
}

function bareIngest(hop: boolean): Promise<Loaded> {
  return withBarePipeline({ work: 'keep', hop }, ({ url, pids }) => load(job(url), pids))
}

function job(url: string): LoadJob {
  const plan = { seed: 1, spansPerBatch: BATCH_SPANS, servicesPerTrace: 1, services: ['bench'] }
  return {
    url,
    what: { lane: 'traces', ...plan },
    inFlight: IN_FLIGHT,
    firstBatch: 0,
    warmUpBatches: WARM_UP_BATCHES,
    batches: BATCHES,
  }
}
