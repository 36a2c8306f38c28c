/**
 * Points that were acknowledged and are not in the blocks yet, by series: a query sees them as if they were. Read newest
 * first within a bound, so that a store that is far behind loses the old end of it, and says so.
 */
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import { sortSamples, type Sample } from '../../model/metrics/sample.ts'
import { decodeMetrics } from '../../wire/otlp/decode-metrics.ts'
import { readSamples } from '../../wire/metrics/read-samples.ts'
import type { SeriesIdentity } from '../../wire/metrics/series-identity.ts'
import { decodeChunk } from '../decode-chunk.ts'
import { ReadBudget } from '../read-budget.ts'
import type { StoredChunk } from '../trace-source.ts'
import type { MetricSource } from './metric-source.ts'

/** Most bytes opened for one answer: many times what is ever left between two looks of the feeder. */
export const MAX_TAIL_RAW_BYTES = 64 << 20

export interface TailSeries {
  readonly deviceId: DeviceId
  readonly module: string
  readonly identity: SeriesIdentity
  /** By time. */
  readonly samples: readonly Sample[]
  readonly exemplars: readonly Exemplar[]
}
export interface Tail {
  /** By {@link tailKey}. */
  readonly series: ReadonlyMap<string, TailSeries>
  /** Chunks that were not opened for want of budget. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

interface Growing extends Omit<TailSeries, 'samples' | 'exemplars'> {
  readonly samples: Sample[]
  readonly exemplars: Exemplar[]
}

export function tailKey(deviceId: DeviceId, module: string, identity: string): string {
  return `${deviceId} ${JSON.stringify(module)} ${identity}`
}

/** @param name of the metric that is asked for; every one without it */
export function* readTail(source: Pick<MetricSource, 'tail' | 'shows'>, name?: string): Steps<Tail> {
  const isWanted: IsWanted = (module, metric) =>
    (name === undefined || metric === name) && (source.shows?.(module, metric) ?? true)
  const budget = new ReadBudget(MAX_TAIL_RAW_BYTES)
  const series = new Map<string, Growing>()
  let [omittedChunks, unreadableChunks] = [0, 0]
  for (const ref of source.tail().toReversed()) {
    if (omittedChunks > 0 || !budget.take(ref)) {
      omittedChunks++
      continue
    }
    const chunk = yield* ref.open()
    if (chunk !== undefined && !addChunk(series, chunk, isWanted)) unreadableChunks++
    yield
  }
  const sorted = new Map([...series].map(([key, each]) => [key, { ...each, samples: sortSamples(each.samples) }]))
  return { series: sorted, omittedChunks, unreadableChunks }
}

type IsWanted = (module: string, metric: string) => boolean

/** @returns whether it could be read */
function addChunk(series: Map<string, Growing>, chunk: StoredChunk, isWanted: IsWanted): boolean {
  if (chunk.provenance === 'tampered') return false
  const metrics = decodeChunk(chunk, decodeMetrics)
  const { deviceId, module } = chunk
  const wanted = metrics?.filter((metric) => isWanted(module, metric.name)) ?? []
  for (const read of readSamples(wanted)) {
    if (read === undefined) continue
    const { identity, text, sample } = read
    const key = tailKey(deviceId, module, text)
    const known = series.get(key) ?? { deviceId, module, identity, samples: [], exemplars: [] }
    known.samples.push(sample)
    known.exemplars.push(...(sample.exemplars ?? []))
    series.set(key, known)
  }
  return metrics !== undefined
}
