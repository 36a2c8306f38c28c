/**
 * Readings of the device and of the agent's process as OpenTelemetry metrics, by the names and units of its semantic
 * conventions (docs/spec/health.md HE10). Pure. What was not read has no point.
 */
import type { CpuTimes, Traffic } from '../../platform/host/parse-proc.ts'
import type { HostReading } from '../../platform/host/read-host.ts'
import { processMetrics, type ProcessSample } from '../../sdk/process-metrics/process-metrics-data.ts'
import { known, labelled, metricAt, share, withPoints, type Reading } from '../../wire/otlp/metric-of-readings.ts'
import type { MetricInput } from '../../wire/otlp/write-metric.ts'

export interface Sample extends ProcessSample {
  readonly host: HostReading
}

/** @param processors that the process may use. Shares of time need a sample before this one. */
export function hostMetrics(sample: Sample, before: Sample | undefined, processors: number): readonly MetricInput[] {
  return [...ofHost(sample, before), ...processMetrics(sample, before, processors)]
}

function ofHost({ timeUnixNano, host }: Sample, before: Sample | undefined): readonly MetricInput[] {
  const { uptimeS, cpu, memory, fileSystem, disks, interfaces } = host
  const metric = metricAt(timeUnixNano)
  const busy = cpu && before?.host.cpu && busyShare(before.host.cpu, cpu)
  return withPoints([
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
  ])
}

function traffic(
  rows: readonly Traffic[],
  nameKey: string,
  directionKey: string,
  [inward, outward]: readonly [string, string],
): readonly Reading[] {
  return rows.flatMap(({ name, inBytes, outBytes }): readonly Reading[] => [
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
