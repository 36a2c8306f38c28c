/**
 * How a process fares, as OpenTelemetry metrics, by the names and units of its semantic conventions (docs/spec/health.md
 * HE10). Pure.
 */
import type { ProcessReading } from '../../platform/host/read-host.ts'
import type { LoopDelays } from '../../platform/host/watch-loop.ts'
import { known, labelled, metricAt, share, withPoints, type Reading } from '../../wire/otlp/metric-of-readings.ts'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'

export interface ProcessSample {
  readonly timeUnixNano: bigint
  readonly monotonicMs: number
  readonly process: ProcessReading
  /** Since the sample before. */
  readonly delays: LoopDelays | undefined
}

/** @param processors that the process may use. Shares of time need a sample before this one. */
export function processMetrics(
  sample: ProcessSample,
  before: ProcessSample | undefined,
  processors: number,
): readonly MetricInput[] {
  const { timeUnixNano, process, delays } = sample
  const { uptimeS, cpuUserS, cpuSystemS, residentBytes, loopActiveS, loopIdleS, heap } = process
  const startUnixNano = timeUnixNano - BigInt(Math.round(uptimeS * 1e9))
  const metric = metricAt(timeUnixNano, startUnixNano)
  return withPoints([
    metric('process.uptime', 's', 'gauge', [[uptimeS]]),
    metric('process.cpu.time', 's', 'counter', labelled('cpu.mode', { user: cpuUserS, system: cpuSystemS })),
    metric('process.cpu.utilization', '1', 'gauge', known(before && cpuShare(before, sample, processors))),
    metric('process.memory.usage', 'By', 'amount', [[residentBytes]]),
    metric(
      'nodejs.eventloop.time',
      's',
      'counter',
      labelled('nodejs.eventloop.state', { active: loopActiveS, idle: loopIdleS }),
    ),
    metric('nodejs.eventloop.utilization', '1', 'gauge', known(before && loopShare(before.process, process))),
    ...Object.entries(delays ?? {}).map(([name, delay]: readonly [string, number]) =>
      metric(`nodejs.eventloop.delay.${name}`, 's', 'gauge', [[delay]]),
    ),
    metric(
      'v8js.memory.heap.used',
      'By',
      'amount',
      heap.map(({ space, usedBytes }): Reading => [usedBytes, { 'v8js.heap.space.name': space }]),
    ),
  ])
}

function cpuShare(from: ProcessSample, to: ProcessSample, processors: number): number | undefined {
  const used = ({ process }: ProcessSample): number => process.cpuUserS + process.cpuSystemS
  return share(used(to) - used(from), ((to.monotonicMs - from.monotonicMs) / 1_000) * processors)
}

function loopShare(from: ProcessReading, to: ProcessReading): number | undefined {
  const active = to.loopActiveS - from.loopActiveS
  return share(active, active + to.loopIdleS - from.loopIdleS)
}
