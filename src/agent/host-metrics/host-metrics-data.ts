/**
 * Readings of the device and of the agent's process as OpenTelemetry metrics, by the names and units of its semantic
 * conventions (docs/spec/health.md HE10). Pure. What was not read has no point.
 */
import type { MetricDataInput, MetricInput, NumberPointInput } from '../../wire/otlp/write-metric.ts'
import type { CpuTimes, Traffic } from '../../platform/host/parse-proc.ts'
import type { HostReading, ProcessReading } from '../../platform/host/read-host.ts'
import type { LoopDelays } from '../../platform/host/watch-loop.ts'

export interface Sample {
  readonly timeUnixNano: bigint
  readonly monotonicMs: number
  readonly host: HostReading
  readonly process: ProcessReading
  /** Since the sample before. */
  readonly delays: LoopDelays | undefined
}

const CUMULATIVE = 2
type Value = readonly [value: number, attributes?: Readonly<Record<string, string>>]

/** @param processors that the process may use. Shares of time need a sample before this one. */
export function hostMetrics(sample: Sample, before: Sample | undefined, processors: number): readonly MetricInput[] {
  return [...ofHost(sample, before), ...ofProcess(sample, before, processors)].filter(
    ({ data }) => data.points.length > 0,
  )
}

function ofHost({ timeUnixNano, host }: Sample, before: Sample | undefined): readonly MetricInput[] {
  const { uptimeS, cpu, memory, fileSystem, disks, interfaces } = host
  const metric = metricAt(timeUnixNano)
  const busy = cpu && before?.host.cpu && busyShare(before.host.cpu, cpu)
  return [
    metric('system.uptime', 's', 'gauge', [[uptimeS]]),
    metric('system.cpu.time', 's', 'counter', labelled('cpu.mode', cpu ?? {})),
    metric('system.cpu.utilization', '1', 'gauge', known(busy)),
    metric(
      'system.memory.usage',
      'By',
      'amount',
      labelled('system.memory.state', {
        used: memory.usedBytes,
        free: memory.freeBytes,
        cached: memory.cachedBytes,
        buffers: memory.buffersBytes,
      }),
    ),
    metric('system.memory.limit', 'By', 'amount', [[memory.totalBytes]]),
    metric('system.memory.utilization', '1', 'gauge', known(share(memory.usedBytes, memory.totalBytes))),
    metric(
      'system.filesystem.usage',
      'By',
      'amount',
      labelled('system.filesystem.state', {
        used: fileSystem?.usedBytes,
        free: fileSystem?.freeBytes,
        reserved: fileSystem?.reservedBytes,
      }),
    ),
    metric(
      'system.filesystem.utilization',
      '1',
      'gauge',
      known(fileSystem && share(fileSystem.usedBytes, fileSystem.usedBytes + fileSystem.freeBytes)),
    ),
    metric('system.disk.io', 'By', 'counter', traffic(disks, 'system.device', 'disk.io.direction', ['read', 'write'])),
    metric(
      'system.network.io',
      'By',
      'counter',
      traffic(interfaces, 'network.interface.name', 'network.io.direction', ['receive', 'transmit']),
    ),
  ]
}

function ofProcess(sample: Sample, before: Sample | undefined, processors: number): readonly MetricInput[] {
  const { timeUnixNano, process, delays } = sample
  const { uptimeS, cpuUserS, cpuSystemS, residentBytes, loopActiveS, loopIdleS, heap } = process
  const startUnixNano = timeUnixNano - BigInt(Math.round(uptimeS * 1e9))
  const metric = metricAt(timeUnixNano, startUnixNano)
  return [
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
      heap.map(({ space, usedBytes }): Value => [usedBytes, { 'v8js.heap.space.name': space }]),
    ),
  ]
}

/** A counter only grows, an amount is added up over its attributes, a gauge is neither. */
type Kind = 'gauge' | 'counter' | 'amount'

function metricAt(timeUnixNano: bigint, startUnixNano?: bigint) {
  return (name: string, unit: string, kind: Kind, values: readonly Value[]): MetricInput => {
    const start = kind === 'gauge' || startUnixNano === undefined ? {} : { startUnixNano }
    const points = values.map(([value, attributes]): NumberPointInput => ({
      timeUnixNano,
      value,
      ...start,
      ...(attributes && { attributes }),
    }))
    return { name, unit, data: dataOf(kind, points) }
  }
}

function dataOf(kind: Kind, points: readonly NumberPointInput[]): MetricDataInput {
  if (kind === 'gauge') return { type: 'gauge', points }
  return { type: 'sum', temporality: CUMULATIVE, isMonotonic: kind === 'counter', points }
}

function known(value: number | undefined): readonly Value[] {
  return value === undefined ? [] : [[value]]
}

function labelled(key: string, values: Readonly<Record<string, number | undefined>>): readonly Value[] {
  return Object.entries(values).flatMap(([label, value]): readonly Value[] =>
    value === undefined ? [] : [[value, { [key]: label }]],
  )
}

function traffic(
  rows: readonly Traffic[],
  nameKey: string,
  directionKey: string,
  [inward, outward]: readonly [string, string],
): readonly Value[] {
  return rows.flatMap(({ name, inBytes, outBytes }): readonly Value[] => [
    [inBytes, { [nameKey]: name, [directionKey]: inward }],
    [outBytes, { [nameKey]: name, [directionKey]: outward }],
  ])
}

/** Of all processors, what was not idle and did not wait for a disk. */
function busyShare(from: CpuTimes, to: CpuTimes): number | undefined {
  const total = (times: CpuTimes): number => Object.values(times).reduce((sum, each) => sum + each, 0)
  const resting = ({ idle = 0, iowait = 0 }: CpuTimes): number => idle + iowait
  const all = total(to) - total(from)
  return share(all - (resting(to) - resting(from)), all)
}

function cpuShare(from: Sample, to: Sample, processors: number): number | undefined {
  const used = ({ process }: Sample): number => process.cpuUserS + process.cpuSystemS
  return share(used(to) - used(from), ((to.monotonicMs - from.monotonicMs) / 1_000) * processors)
}

function loopShare(from: ProcessReading, to: ProcessReading): number | undefined {
  const active = to.loopActiveS - from.loopActiveS
  return share(active, active + to.loopIdleS - from.loopIdleS)
}

/** Clocks are read one after the other, and some go back: a share is from 0 to 1. */
function share(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : undefined
}
