/**
 * One metric over a stretch of time, a value a step (docs/spec/metrics.md ME40 to ME47). Hours are read one series after the
 * other, so that memory is bounded by the answer.
 */
import type { Steps } from '../../base/steps.ts'
import type { DeviceId, SpanId, TraceId } from '../../model/ids.ts'
import { thinExemplars, type Exemplar } from '../../model/metrics/exemplar.ts'
import { HOUR_MS, hourOf, MINUTE_MS } from '../../model/metrics/tiers.ts'
import {
  labelText,
  rollupFormOf,
  temporalityOf,
  type Labels,
  type MetricKind,
  type MetricType,
} from '../../wire/metrics/series-identity.ts'
import { deviceName } from '../device-name.ts'
import type { MeshKnowledge } from '../trace-source.ts'
import { findSeries, type FoundSeries } from './find-series.ts'
import { SeriesSteps, type Measured } from './measure.ts'
import { labelOf, type LabelFilter } from './metric-filter.ts'
import { applyFunction, functionsFor, type MeasuredSeries, type MetricFunction } from './metric-function.ts'
import { MetricQueryError } from './metric-query-error.ts'
import type { MetricHour, MetricSource } from './metric-source.ts'
import { readHour, type SeriesReader } from './read-series.ts'
import type { Grid } from './spread-increase.ts'
import { readTail, type Tail } from './tail.ts'

/** Most steps of one answer: as many as Prometheus gives. */
export const MAX_STEPS = 11_000
/** Shortest step, in milliseconds: what times are kept to is a thousandth of it. */
export const MIN_STEP_MS = 1_000
/** Most lines of one answer; a terminal shows fewer, a chart no more. */
export const MAX_LINES = 100
/** Most exemplars of one answer. */
export const MAX_ANSWER_EXEMPLARS = 200
/** Hours read between two steps. */
const HOURS_PER_STEP = 24

export interface RangeQuery {
  readonly name: string
  readonly filters: readonly LabelFilter[]
  readonly fromMs: number
  /** Before this. */
  readonly toMs: number
  readonly stepMs: number
  /** Default: the first of the metric's kind. */
  readonly fn: MetricFunction | undefined
  /** Labels whose equal values make one line; none makes one of all; undefined one of each series. */
  readonly by: readonly string[] | undefined
}

export interface MetricLine {
  /** Labels that tell this line from the others, as text. */
  readonly labels: { readonly [label: string]: string }
  /** How many series are in it. */
  readonly series: number
  /** One a step from `fromUnixMs` on; null where nothing was recorded. What JSON has no number for is a word. */
  readonly values: readonly (number | string | null)[]
}
export interface RangeExemplar {
  readonly timeUnixMs: number
  readonly value: number | string
  readonly traceId: TraceId
  readonly spanId: SpanId | null
  readonly deviceId: DeviceId
}
export interface MetricRange {
  readonly name: string
  readonly unit: string
  readonly type: MetricType
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  readonly fn: MetricFunction
  readonly functions: readonly MetricFunction[]
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly stepMs: number
  readonly lines: readonly MetricLine[]
  readonly exemplars: readonly RangeExemplar[]
  readonly omittedLines: number
  readonly omittedSeries: number
  readonly otherKinds: number
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

export interface MetricDeps {
  readonly source: MetricSource
  readonly knowledge: MeshKnowledge
}

/** @throws {MetricQueryError} */
export function* queryRange(query: RangeQuery, { source, knowledge }: MetricDeps): Steps<MetricRange> {
  requireRange(query)
  const tail = yield* readTail(source, query.name)
  const found = findSeries(query.name, query.filters, source, tail, knowledge)
  const { kind } = found
  const functions = functionsFor(kind)
  const fn = query.fn ?? functions[0]
  if (!functions.includes(fn)) {
    throw new MetricQueryError('METRIC_FUNCTION', `this metric has no ${fn}; it has ${functions.join(', ')}`)
  }
  const { grid, hours } = gridFor(query, source, tail)
  const groups = Map.groupBy(found.series, (series) => groupKey(series, query.by, knowledge))
  const lines: MetricLine[] = []
  const exemplars: (Exemplar & { readonly deviceId: DeviceId })[] = []
  for (const group of [...groups.values()].slice(0, MAX_LINES)) {
    const steps: Measurements[] = []
    for (const series of group) {
      const read = yield* readOne(series, { source, hours, grid })
      steps.push({ measured: read.measured, shape: series.identity.shape })
      exemplars.push(...read.exemplars.map((exemplar) => ({ ...exemplar, deviceId: series.deviceId })))
    }
    const values = valuesOf(steps, { fn, kind, grid })
    const labels = labelsOf(group, query.by, knowledge)
    lines.push({ labels, series: group.length, values })
    yield
  }
  const { name, unit, type, isMonotonic } = kind
  return {
    name,
    unit,
    type,
    temporality: temporalityOf(kind),
    monotonic: isMonotonic,
    fn,
    functions,
    fromUnixMs: grid.fromMs,
    toUnixMs: grid.fromMs + grid.steps * grid.stepMs,
    stepMs: grid.stepMs,
    lines,
    exemplars: chosen(exemplars, grid),
    omittedLines: Math.max(0, groups.size - MAX_LINES),
    omittedSeries: found.omitted,
    otherKinds: found.ofOtherKinds,
    omittedChunks: tail.omittedChunks,
    unreadableChunks: tail.unreadableChunks,
  }
}

interface Measurements {
  readonly measured: readonly (Measured | undefined)[]
  readonly shape: readonly number[]
}

function requireRange({ fromMs, toMs, stepMs }: RangeQuery): void {
  if (!(toMs > fromMs)) throw new MetricQueryError('METRIC_RANGE', 'the range ends before it begins')
  if (!(stepMs >= MIN_STEP_MS)) throw new MetricQueryError('METRIC_RANGE', `a step is at least ${MIN_STEP_MS} ms`)
  if ((toMs - fromMs) / stepMs > MAX_STEPS) {
    throw new MetricQueryError('METRIC_RANGE', `more than ${MAX_STEPS} steps: take a longer step or a shorter range`)
  }
}

/** Steps begin at multiples of their length, and are no shorter than what is left of every hour they reach into. */
function gridFor(
  query: RangeQuery,
  source: MetricSource,
  tail: Tail,
  unitMs = 1,
): { readonly grid: Grid; readonly hours: readonly MetricHour[] } {
  const grid = gridOf(query, unitMs)
  const endMs = grid.fromMs + grid.steps * grid.stepMs
  const hours = hoursOf(grid.fromMs, endMs, source, tail)
  const within = hours.filter(({ hour }) => (hour + 1) * HOUR_MS > grid.fromMs && hour * HOUR_MS < endMs)
  const finestMs = Math.max(1, ...within.map(resolutionOf))
  // Longer steps may reach into hours of which still less is left, at most once more.
  return finestMs > unitMs ? gridFor(query, source, tail, finestMs) : { grid, hours }
}

function gridOf({ fromMs, toMs, stepMs: wanted }: RangeQuery, finestMs: number): Grid {
  // Above a minute whole minutes, above an hour whole hours: steps that roll-ups divide.
  const unit = Math.max(finestMs, wanted >= HOUR_MS ? HOUR_MS : wanted >= MINUTE_MS ? MINUTE_MS : 1)
  const stepMs = Math.ceil(wanted / unit) * unit
  const start = Math.floor(fromMs / stepMs) * stepMs
  return { fromMs: start, stepMs, steps: Math.ceil((toMs - start) / stepMs) }
}

/** Those that the steps reach into, with one more at each end for what came just before and after; those of the tail too. */
function hoursOf(fromMs: number, endMs: number, source: MetricSource, tail: Tail): readonly MetricHour[] {
  const [first, last] = [hourOf(fromMs) - 1, hourOf(endMs) + 1]
  const hours = new Map(source.hours(first, last).map((state) => [state.hour, state]))
  for (const { samples } of tail.series.values()) {
    for (const { timeMs } of samples) {
      const hour = hourOf(timeMs)
      if (hour < first || hour > last || hours.has(hour)) continue
      hours.set(hour, { hour, hasRaw: true, hasMinutes: false, isDirty: true })
    }
  }
  return [...hours.values()].sort((a, b) => a.hour - b.hour)
}

function resolutionOf({ hasRaw, hasMinutes }: MetricHour): number {
  if (hasRaw) return 1
  return hasMinutes ? MINUTE_MS : HOUR_MS
}

function* readOne(
  series: FoundSeries,
  { source, hours, grid }: { source: MetricSource; hours: readonly MetricHour[]; grid: Grid },
): Steps<{ readonly measured: readonly (Measured | undefined)[]; readonly exemplars: readonly Exemplar[] }> {
  const { id, tail, identity } = series
  const reader: SeriesReader = { source, id, form: rollupFormOf(identity), tail, stepMs: grid.stepMs }
  const steps = new SeriesSteps(grid, reader.form.behaviour)
  const exemplars: Exemplar[] = []
  for (const [i, hour] of hours.entries()) {
    const read = readHour(reader, hour)
    steps.add(read.pieces)
    exemplars.push(...read.exemplars)
    if (i % HOURS_PER_STEP === HOURS_PER_STEP - 1) yield
  }
  return { measured: steps.measured(), exemplars }
}

/** Loops, not lists of lists: this runs for every step of every line. */
function valuesOf(
  series: readonly Measurements[],
  { fn, kind, grid }: { readonly fn: MetricFunction; readonly kind: MetricKind; readonly grid: Grid },
): readonly (number | string | null)[] {
  const values: (number | string | null)[] = []
  for (let step = 0; step < grid.steps; step++) {
    const at: MeasuredSeries[] = []
    for (const { measured, shape } of series) {
      const one = measured[step]
      if (one !== undefined) at.push({ measured: one, shape })
    }
    values.push(at.length === 0 ? null : toJson(applyFunction(fn, kind, at, grid.stepMs)))
  }
  return values
}

/** One run of a program after the other differs by this alone, and is one line unless it is asked for. */
const INSTANCE = 'service.instance.id'

function groupKey(series: FoundSeries, by: readonly string[] | undefined, knowledge: MeshKnowledge): string {
  if (by !== undefined) return JSON.stringify(by.map((label) => labelOf(series, label, knowledge) ?? null))
  const { deviceId, module, identity } = series
  const { resource, scope, scopeAttributes, attributes } = identity
  const lasting = resource.filter(([key]) => key !== INSTANCE)
  return JSON.stringify([deviceId, module, lasting, scope, scopeAttributes, attributes])
}

function labelsOf(
  group: readonly FoundSeries[],
  by: readonly string[] | undefined,
  knowledge: MeshKnowledge,
): { readonly [label: string]: string } {
  const [first] = group
  if (first === undefined) return {}
  if (by !== undefined) {
    return Object.fromEntries(by.map((label) => [label, labelOf(first, label, knowledge) ?? '']))
  }
  const { deviceId, module, identity } = first
  const own = { device: deviceName(deviceId, knowledge), module }
  const resource = group.length === 1 ? identity.resource : identity.resource.filter(([key]) => key !== INSTANCE)
  return { ...plain(resource), ...plain(identity.scopeAttributes), ...plain(identity.attributes), ...own }
}

function plain(labels: Labels): { readonly [label: string]: string } {
  return Object.fromEntries(labels.map(([key, value]) => [key, labelText(value)]))
}

function chosen(all: readonly (Exemplar & { readonly deviceId: DeviceId })[], grid: Grid): readonly RangeExemplar[] {
  const endMs = grid.fromMs + grid.steps * grid.stepMs
  const within = all.filter(({ timeMs }) => timeMs >= grid.fromMs && timeMs < endMs)
  const devices = new Map(within.map(({ traceId, deviceId }) => [traceId, deviceId]))
  const stretchMs = Math.max(1, Math.ceil((endMs - grid.fromMs) / MAX_ANSWER_EXEMPLARS))
  return thinExemplars(within, stretchMs, 1)
    .slice(0, MAX_ANSWER_EXEMPLARS)
    .map(({ timeMs, value, traceId, spanId }) => ({
      timeUnixMs: timeMs,
      value: toJson(value) ?? 'NaN',
      traceId,
      spanId: spanId ?? null,
      deviceId: devices.get(traceId) as DeviceId,
    }))
}

function toJson(value: number | undefined): number | string | null {
  if (value === undefined) return null
  return Number.isFinite(value) ? value : String(value)
}
