/**
 * What makes two points of one series: who recorded them, under what name, unit and kind, from which resource and scope,
 * with what attributes (OpenTelemetry metrics data model, "Timeseries model"). Bounds and quantiles belong to it too, so
 * that all values of a series have one shape.
 *
 * Its text is JSON of one form for each identity: a change here makes other series, so layouts are told apart by `v`.
 */
import type { DeviceId } from '../../model/ids.ts'
import type { Behaviour } from '../../model/metrics/sample.ts'
import type { Attributes, AttributeValue } from '../otlp/attributes.ts'
import { findAttribute } from '../otlp/attributes.ts'
import type { DecodedMetric } from '../otlp/metric-types.ts'
import { malformedBlock } from './metric-block-error.ts'
import type { RollupForm } from './rollup-entries.ts'
import type { ValueForm } from './sample-entries.ts'
import { toHex } from '../../base/bytes.ts'

export type MetricType = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'
/** Numbers that JSON keeps apart from texts: an integer or double as its digits. */
export type LabelValue =
  string | boolean | null | { readonly int: string } | { readonly double: string } | { readonly json: string }
export type Labels = readonly (readonly [key: string, value: LabelValue])[]

export interface MetricKind {
  readonly name: string
  readonly unit: string
  readonly type: MetricType
  readonly isCumulative: boolean
  readonly isMonotonic: boolean
}
export interface SeriesIdentity extends MetricKind {
  /** Of the resource, what identifies it. */
  readonly resource: Labels
  readonly scope: string
  readonly scopeAttributes: Labels
  readonly attributes: Labels
  /** Explicit bounds of a histogram, quantiles of a summary. */
  readonly shape: readonly number[]
}

/** Resource attributes that tell its series from others'; all else describes it, and may change. */
const IDENTIFYING = ['service.namespace', 'service.name', 'service.instance.id', 'host.id', 'host.name'] as const
/** Tells runs of one program apart where it has no instance id. */
const PROCESS = 'process.pid'
const VERSION = 1

function behaviourOf({ type, isCumulative, isMonotonic }: MetricKind): Behaviour {
  if (type === 'gauge') return 'state'
  if (type === 'summary') return 'counter'
  if (!isCumulative) return 'delta'
  return type === 'sum' && !isMonotonic ? 'state' : 'counter'
}

/** How its values and roll-ups are laid out in blocks. */
export function rollupFormOf(kind: MetricKind): RollupForm {
  return { behaviour: behaviourOf(kind), form: formOf(kind) }
}

function formOf({ type }: MetricKind): ValueForm {
  switch (type) {
    case 'gauge':
    case 'sum':
      return 'number'
    case 'histogram':
      return 'buckets'
    case 'summary':
      return 'quantiles'
    case 'exponentialHistogram':
      return 'exponential'
  }
}

/** Null for kinds that have none. */
export function temporalityOf({ type, isCumulative }: MetricKind): 'delta' | 'cumulative' | null {
  if (type === 'gauge' || type === 'summary') return null
  return isCumulative ? 'cumulative' : 'delta'
}

export function resourceLabels(attributes: Attributes): Labels {
  const hasInstance = findAttribute(attributes, 'service.instance.id') !== undefined
  const wanted: readonly string[] = hasInstance ? IDENTIFYING : [...IDENTIFYING, PROCESS]
  return toLabels(attributes.filter(({ key }) => wanted.includes(key)))
}

/** By key; of repeated keys the first counts. */
export function toLabels(attributes: Attributes): Labels {
  const labels = new Map<string, LabelValue>()
  for (const { key, value } of attributes) if (!labels.has(key)) labels.set(key, toLabel(value))
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function scopeLabels({ scope }: Pick<DecodedMetric, 'scope'>): Labels {
  return toLabels(scope.attributes)
}

/** One text for each identity. */
export function identityText(identity: SeriesIdentity): string {
  return completeText(sharedText(identity), identity)
}

/** Its part that is the same for all points of a metric. */
export function sharedText(identity: Omit<SeriesIdentity, 'attributes' | 'shape'>): string {
  const { name, unit, type, isCumulative, isMonotonic, resource, scope, scopeAttributes } = identity
  return JSON.stringify([VERSION, name, unit, type, isCumulative, isMonotonic, resource, scope, scopeAttributes])
}

/** {@link identityText} from what {@link sharedText} said. */
export function completeText(
  shared: string,
  { attributes, shape }: Pick<SeriesIdentity, 'attributes' | 'shape'>,
): string {
  const own = `${JSON.stringify(attributes)},${shape.length === 0 ? '[]' : JSON.stringify(shape.map(String))}`
  return `${shared.slice(0, -1)},${own}]`
}

/** What {@link identityText} made. @throws {MetricBlockError} for anything else */
export function parseIdentity(text: string): SeriesIdentity {
  const [version, name, unit, type, isCumulative, isMonotonic, resource, scope, scopeAttributes, attributes, shape] =
    parseFields(text)
  if (version !== VERSION) throw malformedBlock('the identity of a series is of no known version')
  const kind = { name, unit, type, isCumulative, isMonotonic }
  return { ...kind, resource, scope, scopeAttributes, attributes, shape: shape.map(Number) }
}

type Fields = readonly [
  ...[version: number, name: string, unit: string, type: MetricType, isCumulative: boolean, isMonotonic: boolean],
  ...[resource: Labels, scope: string, scopeAttributes: Labels, attributes: Labels, shape: readonly string[]],
]
const FIELDS = 11

/** Our own text from our own table: its form is trusted once it is there. */
function parseFields(text: string): Fields {
  try {
    const fields: unknown = JSON.parse(text)
    if (Array.isArray(fields) && fields.length === FIELDS) return fields as unknown as Fields
  } catch {
    // as for any other text that is none
  }
  throw malformedBlock('the identity of a series cannot be read')
}

/** As a person reads it. */
export function labelText(value: LabelValue): string {
  if (value === null || typeof value !== 'object') return String(value)
  if ('int' in value) return value.int
  return 'double' in value ? value.double : value.json
}

/** Hashed for the key of a series: its device and module besides its identity. */
export function seriesKeyText(deviceId: DeviceId, module: string, text: string): string {
  return `aico-mesh/metrics/series/v1\n${deviceId}\n${JSON.stringify(module)}\n${text}`
}

function toLabel(value: AttributeValue): LabelValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return { int: value.toString() }
  if (typeof value === 'number') return { double: Object.is(value, -0) ? '-0' : String(value) }
  return { json: JSON.stringify(toPlain(value)) }
}

function toPlain(value: AttributeValue): unknown {
  if (value instanceof Uint8Array) return { bytes: toHex(value) }
  if (value === null || typeof value !== 'object') return toLabel(value)
  if ('entries' in value && !Array.isArray(value)) {
    return { map: (value as { entries: Attributes }).entries.map((entry) => [entry.key, toPlain(entry.value)]) }
  }
  return (value as readonly AttributeValue[]).map(toPlain)
}
