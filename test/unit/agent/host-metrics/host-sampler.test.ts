import { expect, test } from 'vitest'
import { HostSampler, SAMPLE_PERIOD_MS } from '../../../../src/agent/host-metrics/host-sampler.ts'
import type { PeerReading } from '../../../../src/agent/host-metrics/peer-metrics-data.ts'
import type { LoopWatch } from '../../../../src/platform/host/watch-loop.ts'
import { decodeMetrics } from '../../../../src/wire/otlp/decode-metrics.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const DELAYS = { min: 0, max: 0.2, mean: 0.01, stddev: 0.01, p50: 0.001, p90: 0.1, p99: 0.2 }

/** A device whose counters grow by the same with every look at it. */
function sampler(peers: readonly PeerReading[] = []) {
  const clock = manualClock()
  const kept: Uint8Array[] = []
  const seen = { host: 0, process: 0, watches: 0 }
  let fails = false
  const watch = (): LoopWatch => {
    seen.watches++
    return { take: () => DELAYS, stop: () => void seen.watches-- }
  }
  const host = async () => {
    const looks = ++seen.host
    return {
      uptimeS: 100 + looks,
      cpu: { user: looks * 3, idle: looks * 1 },
      memory: { totalBytes: 1_000, usedBytes: 250, freeBytes: 750 },
      fileSystem: { usedBytes: 50, freeBytes: 150, reservedBytes: 10 },
      disks: [{ name: 'sda', inBytes: looks, outBytes: looks * 2 }],
      interfaces: [],
    }
  }
  const process = () => {
    const looks = ++seen.process
    return {
      uptimeS: looks,
      cpuUserS: looks,
      cpuSystemS: 0,
      residentBytes: 9,
      loopActiveS: looks,
      loopIdleS: looks * 4,
      heap: [],
    }
  }
  const keep = async (bytes: Uint8Array): Promise<void> => {
    if (fails) throw new Error('the disk is full')
    kept.push(bytes)
  }
  const deps = { clock, log: { debug: () => undefined }, keep, host, process, watch, peers: async () => peers }
  return { clock, kept, seen, sampler: new HostSampler(deps, '/'), fail: (now: boolean) => (fails = now) }
}

/** What was begun without waiting for it has ended. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function valuesOf(bytes: Uint8Array | undefined): ReadonlyMap<string, unknown> {
  const metrics = [...decodeMetrics(bytes ?? new Uint8Array())]
  return new Map(
    metrics.flatMap(({ name, data }) =>
      'points' in data ? [[name, data.points.map((point) => 'value' in point && point.value)]] : [],
    ),
  )
}

test('[HE10] a sample is kept every period, with shares of the time since the one before', async () => {
  const { clock, kept, sampler: host } = sampler()
  host.setStage('pro')
  await settled()
  expect(kept).toHaveLength(0)
  clock.advance(SAMPLE_PERIOD_MS)
  await settled()
  expect(kept).toHaveLength(1)
  const values = valuesOf(kept[0])
  expect(values.get('system.cpu.utilization')).toEqual([0.75])
  expect(values.get('system.memory.utilization')).toEqual([0.25])
  expect(values.get('system.filesystem.utilization')).toEqual([0.25])
  expect(values.get('nodejs.eventloop.utilization')).toEqual([0.2])
  expect(values.get('system.disk.io')).toEqual([2, 4])
  expect(values.get('nodejs.eventloop.delay.p99')).toEqual([0.2])
  expect(values.has('system.network.io')).toBe(false)
})

test('[HE15] how sync with each device stands is kept beside it; what was not measured has no point', async () => {
  const phone: PeerReading = {
    deviceId: '0123456789abcdef'.repeat(4),
    connected: true,
    pendingSegments: 7,
    syncedUnixMs: 0,
    clock: { offsetMs: -1_500, errorMs: 20 },
    roundTripMs: 4,
    refused: { SYNC_FORK: 2 },
    total: { segmentsIn: 5, segmentsOut: 6, bytesIn: 500, bytesOut: 600 },
  }
  const tablet: PeerReading = {
    ...phone,
    connected: false,
    syncedUnixMs: null,
    clock: null,
    roundTripMs: null,
    refused: {},
  }
  const { clock, kept, sampler: host } = sampler([phone, tablet])
  host.setStage('pro')
  await settled()
  clock.advance(SAMPLE_PERIOD_MS)
  await settled()
  expect(Object.fromEntries(valuesOf(kept[1]))).toEqual({
    'aico.mesh.peer.connected': [1, 0],
    'aico.mesh.peer.lag.segments': [7, 7],
    'aico.mesh.peer.lag.age': [clock.now() / 1_000],
    'aico.mesh.peer.round_trip': [0.004],
    'aico.mesh.peer.clock.offset': [-1.5],
    'aico.mesh.peer.clock.error': [0.02],
    'aico.mesh.peer.io': [500, 600, 500, 600],
    'aico.mesh.peer.segments': [5, 6, 5, 6],
    'aico.mesh.peer.refused': [2],
  })
})

test('[HE12] at casual nothing is read and no timer runs, before and after another stage', async () => {
  const { clock, kept, seen, sampler: host } = sampler()
  host.setStage('casual')
  clock.advance(10 * SAMPLE_PERIOD_MS)
  await settled()
  expect({ ...seen, kept: kept.length }).toEqual({ host: 0, process: 0, watches: 0, kept: 0 })
  host.setStage('developer')
  host.setStage('pro')
  await settled()
  expect(seen).toEqual({ host: 1, process: 1, watches: 1 })
  host.setStage('casual')
  clock.advance(10 * SAMPLE_PERIOD_MS)
  await settled()
  expect({ ...seen, kept: kept.length }).toEqual({ host: 1, process: 1, watches: 0, kept: 0 })
})

test('[HE12] what was being read when the stage went down is not kept', async () => {
  const { clock, kept, sampler: host } = sampler()
  host.setStage('pro')
  await settled()
  clock.advance(SAMPLE_PERIOD_MS)
  host.setStage('casual')
  await settled()
  expect(kept).toHaveLength(0)
})

test('[HE13] a sample that is not kept is gone, and the next one is kept', async () => {
  const { clock, kept, sampler: host, fail } = sampler()
  host.setStage('pro')
  await settled()
  fail(true)
  clock.advance(SAMPLE_PERIOD_MS)
  await settled()
  fail(false)
  clock.advance(SAMPLE_PERIOD_MS)
  await settled()
  expect(kept).toHaveLength(1)
})
