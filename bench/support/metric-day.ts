/** A day of samples of a few hosts, the same for us and for Prometheus: put into a stopped device's store, or a text file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { openKeyFile } from '../../src/agent/key-file.ts'
import { toDeviceId, type DeviceId } from '../../src/model/ids.ts'
import { blockId, HOUR_MS } from '../../src/model/metrics/tiers.ts'
import { layOutHome } from '../../src/platform/home.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { MetricFeed } from '../../src/store/metric-feed.ts'
import { MetricRoll } from '../../src/store/metric-roll.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { encodeMetricsData } from '../../src/wire/otlp/encode.ts'
import type { NumberPointInput } from '../../src/wire/otlp/write-metric.ts'

export const HOSTS = 50
export const INTERVAL_MS = 10_000
export const DAY_MS = 24 * HOUR_MS
/** A gauge and a counter of every host. */
export const SAMPLES = (2 * HOSTS * DAY_MS) / INTERVAL_MS
const PER_HOUR = HOUR_MS / INTERVAL_MS

/** A machine's gauges wander and jitter, with two decimal places. */
function loadOf(host: number, at: number): number {
  return Math.round(5_000 + 2_000 * Math.sin(at / 40 + host) + 50 * jitter(host, at)) / 100
}

/** A program's counters grow. */
function requestsOf(host: number, at: number): number {
  return at * (1 + (host % 17)) + Math.floor(jitter(host, at) * 4)
}

function jitter(host: number, at: number): number {
  return (Math.imul(at + host * 7_919, 2_654_435_761) >>> 16) / 65_536
}

/** Into raw blocks, minutes and hours, as the agent has them an hour later. @returns bytes of the raw blocks, with their tables */
export async function fillHome(folder: string, fromMs: number): Promise<number> {
  const keys = await openKeyFile(nodeCrypto, folder, undefined)
  const device = toDeviceId(nodeCrypto.ed25519PublicKey(keys.device)) as DeviceId
  const store = openStore(layOutHome(folder).storeFile, keys.store, { mustExist: true })
  const emptyBytes = usedBytes(store)
  const feed = new MetricFeed({ tables: store.metrics, sha256: nodeCrypto.sha256, onLeftOut: () => {} })
  for (let hour = 0; hour * HOUR_MS < DAY_MS; hour++) {
    feed.begin()
    for (const payload of payloadsOf(hour, fromMs)) for (const _ of feed.collect(device, 'otlp/bench', payload));
    for (const _ of feed.write(0, Date.now()));
  }
  const roll = new MetricRoll({ tables: store.metrics, onCrowded: () => {} })
  while (roll.step(Number.MAX_SAFE_INTEGER));
  const rolledUp = 'SELECT coalesce(sum(length(bytes)), 0) FROM metric_block WHERE id >= ?'
  const rolledBytes = store.db
    .prepare(rolledUp)
    .pluck()
    .get(blockId('minute', 0, 0)) as number
  const bytes = usedBytes(store) - emptyBytes - rolledBytes
  store.close()
  return bytes
}

function payloadsOf(hour: number, fromMs: number): readonly Uint8Array[] {
  return Array.from({ length: HOSTS }, (_, host) => {
    const points = (valueOf: (host: number, at: number) => number): readonly NumberPointInput[] =>
      Array.from({ length: PER_HOUR }, (_unused, i) => {
        const at = hour * PER_HOUR + i
        return {
          timeUnixNano: BigInt(fromMs + at * INTERVAL_MS) * 1_000_000n,
          startUnixNano: BigInt(fromMs) * 1_000_000n,
          value: valueOf(host, at),
          attributes: { host: `h${host}` },
        }
      })
    return encodeMetricsData({
      resource: { attributes: { 'service.name': 'bench' } },
      scope: { name: 'bench' },
      metrics: [
        { name: 'load', data: { type: 'gauge', points: points(loadOf) } },
        {
          name: 'requests_total',
          data: { type: 'sum', temporality: 2, isMonotonic: true, points: points(requestsOf) },
        },
      ],
    })
  })
}

/** Pages in use: what was deleted is used again. */
function usedBytes({ db }: Store): number {
  const of = (pragma: string): number => db.pragma(pragma, { simple: true }) as number
  return (of('page_count') - of('freelist_count')) * of('page_size')
}

/** As OpenMetrics text with times. */
export function writeOpenMetrics(path: string, fromMs: number): void {
  const file = openSync(path, 'w')
  const write = (name: string, valueOf: (host: number, at: number) => number): void => {
    for (let host = 0; host < HOSTS; host++) {
      const lines = Array.from({ length: DAY_MS / INTERVAL_MS }, (_, at) => {
        return `${name}{host="h${host}"} ${valueOf(host, at)} ${(fromMs + at * INTERVAL_MS) / 1000}\n`
      })
      writeSync(file, lines.join(''))
    }
  }
  writeSync(file, '# TYPE load gauge\n')
  write('load', loadOf)
  writeSync(file, '# TYPE requests counter\n')
  write('requests_total', requestsOf)
  writeSync(file, '# EOF\n')
  closeSync(file)
}
