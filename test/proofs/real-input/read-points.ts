/** Metric points of a document of OTLP JSON, and the series they are of. */
import { listOf, readAttributes, textOf, type Json } from './source-record.ts'

export interface Point {
  readonly metric: string
  /** The metric in its document: such a metric, with its points, is a record. */
  readonly record: object
  readonly unit: string
  readonly kind: 'counter' | 'deltas' | 'state' | 'gauge' | 'values'
  readonly isCumulative: boolean
  /** One text for each series of the metric. */
  readonly series: string
  /** What a series can be chosen by (docs/spec/metrics.md ME47). */
  readonly labels: ReadonlyMap<string, string>
  readonly timeUnixMs: number
  /** A number's value; of a distribution how many values. */
  readonly value: number
}

/** Resource attributes that are labels (ME06). */
const IDENTIFYING = ['service.namespace', 'service.name', 'service.instance.id', 'host.id', 'host.name']

export function readPoints(document: Json): readonly Point[] {
  return listOf(document['resourceMetrics']).flatMap(({ resource, scopeMetrics }) => {
    const ofResource = labelsOf((resource as Json)['attributes']).filter(([key]) => IDENTIFYING.includes(key))
    return listOf(scopeMetrics).flatMap(({ scope, metrics }) => {
      const { name, attributes } = scope as Json
      const around = [...ofResource, ...labelsOf(attributes), ['scope', textOf(name)] as const]
      return listOf(metrics).flatMap((metric) => readMetric(metric, around))
    })
  })
}

type Label = readonly [key: string, text: string]

function labelsOf(attributes: unknown): readonly Label[] {
  return readAttributes(attributes).map(({ key, values }) => [key, String(values[0])])
}

function readMetric(metric: Json, around: readonly Label[]): readonly Point[] {
  const { sum, gauge, histogram, exponentialHistogram } = metric as Readonly<Record<string, Json | undefined>>
  const data = (sum ?? gauge ?? histogram ?? exponentialHistogram) as Json
  const isCumulative = data['aggregationTemporality'] === 2
  return listOf(data['dataPoints']).map((point) => {
    const own = labelsOf(point['attributes'])
    return {
      metric: textOf(metric['name']),
      record: metric,
      unit: textOf(metric['unit']),
      kind: kindOf(metric, isCumulative),
      isCumulative,
      series: JSON.stringify([...around, ...own]),
      labels: new Map([...around, ...own]),
      timeUnixMs: Math.floor(Number(BigInt(point['timeUnixNano'] as string) / 1_000_000n)),
      value: Number(point['asDouble'] ?? point['asInt'] ?? point['count']),
    }
  })
}

function kindOf({ sum, gauge }: Json, isCumulative: boolean): Point['kind'] {
  if (gauge !== undefined) return 'gauge'
  if (sum === undefined) return 'values'
  if (!isCumulative) return 'deltas'
  return (sum as Json)['isMonotonic'] === true ? 'counter' : 'state'
}
