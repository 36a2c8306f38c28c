/** Every metric that is here, from every device that lets us see its metrics (docs/spec/metrics.md ME40). */
import type { Steps } from '../../base/steps.ts'
import type { Sample } from '../../model/metrics/sample.ts'
import { parseIdentity, temporalityOf, type MetricKind, type MetricType } from '../../wire/metrics/series-identity.ts'
import { deviceName } from '../device-name.ts'
import { kindKey } from './find-series.ts'
import { functionsFor, type MetricFunction } from './metric-function.ts'
import type { MetricSeriesFacts } from './metric-filter.ts'
import type { MetricDeps } from './range-query.ts'
import { readTail, tailKey } from './tail.ts'

/** Metrics when the caller names no limit, and most in one answer. */
export const DEFAULT_METRIC_LIMIT = 1_000
export const MAX_METRIC_LIMIT = 10_000
/** Series looked at between two steps. */
const SERIES_PER_STEP = 512

export interface MetricSummary {
  readonly name: string
  readonly unit: string
  readonly type: MetricType
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  readonly functions: readonly MetricFunction[]
  readonly series: number
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly modules: readonly string[]
  /** Of all its series the latest sample; the value is null where it is no number. */
  readonly lastUnixMs: number
  readonly lastValue: number | string | null
}
export interface MetricList {
  /** By name. */
  readonly metrics: readonly MetricSummary[]
  readonly omitted: number
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

interface Last {
  readonly lastMs: number
  /** Null where it is no number, or says that there is none. */
  readonly lastValue: number | null
}
interface Growing {
  readonly kind: MetricKind
  readonly devices: Set<MetricSeriesFacts['deviceId']>
  readonly modules: Set<string>
  series: number
  lastMs: number
  lastValue: number | null
}

/** `limit` is brought into 1..{@link MAX_METRIC_LIMIT}. */
export function* listMetrics({ source, knowledge }: MetricDeps, limit = DEFAULT_METRIC_LIMIT): Steps<MetricList> {
  const most = Math.min(Math.max(Math.trunc(limit) || DEFAULT_METRIC_LIMIT, 1), MAX_METRIC_LIMIT)
  const tail = yield* readTail(source)
  const onlyInTail = new Map(tail.series)
  const metrics = new Map<string, Growing>()
  let looked = 0
  for (const { deviceId, module, identity: text, lastMs, lastValue } of source.series(undefined)) {
    const key = tailKey(deviceId, module, text)
    onlyInTail.delete(key)
    const recent = tail.series.get(key)?.samples.at(-1)
    const facts = { deviceId, module, identity: parseIdentity(text) }
    add(metrics, facts, later({ lastMs, lastValue }, recent && lastOf(recent)))
    if (++looked % SERIES_PER_STEP === 0) yield
  }
  for (const series of onlyInTail.values()) {
    const last = series.samples.at(-1)
    if (last !== undefined) add(metrics, series, lastOf(last))
  }
  const sorted = [...metrics.values()].sort(compareKinds).map((metric) => toSummary(metric, knowledge))
  return {
    metrics: sorted.slice(0, most),
    omitted: Math.max(0, sorted.length - most),
    omittedChunks: tail.omittedChunks,
    unreadableChunks: tail.unreadableChunks,
  }
}

function add(
  metrics: Map<string, Growing>,
  { deviceId, module, identity }: MetricSeriesFacts,
  { lastMs, lastValue }: Last,
): void {
  const key = kindKey(identity)
  const known = metrics.get(key) ?? newMetric(identity)
  known.series++
  known.devices.add(deviceId)
  known.modules.add(module)
  if (lastMs > known.lastMs) Object.assign(known, { lastMs, lastValue })
  metrics.set(key, known)
}

function newMetric(kind: MetricKind): Growing {
  return { kind, devices: new Set(), modules: new Set(), series: 0, lastMs: -1, lastValue: null }
}

function lastOf({ timeMs, value }: Sample): Last {
  return { lastMs: timeMs, lastValue: typeof value === 'number' ? value : null }
}

/** Of one time the one with a value, and the larger, as everywhere. */
function later(known: Last, other: Last | undefined): Last {
  if (other === undefined || other.lastMs < known.lastMs) return known
  if (other.lastMs > known.lastMs || known.lastValue === null) return other
  return other.lastValue !== null && other.lastValue > known.lastValue ? other : known
}

function compareKinds({ kind: a }: Growing, { kind: b }: Growing): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return kindKey(a) < kindKey(b) ? -1 : 1
}

function toSummary(
  { kind, devices, modules, series, lastMs, lastValue }: Growing,
  knowledge: MetricDeps['knowledge'],
): MetricSummary {
  const { name, unit, type, isMonotonic } = kind
  return {
    name,
    unit,
    type,
    temporality: temporalityOf(kind),
    monotonic: isMonotonic,
    functions: functionsFor(kind),
    series,
    devices: [...devices].sort().map((deviceId) => ({ deviceId, name: deviceName(deviceId, knowledge) })),
    modules: [...modules].sort(),
    lastUnixMs: lastMs,
    lastValue: lastValue === null || Number.isFinite(lastValue) ? lastValue : String(lastValue),
  }
}
