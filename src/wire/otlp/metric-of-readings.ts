/** Readings of a moment as OpenTelemetry metrics: a value, or one for each label. What was not read has no point. Pure. */
import type { MetricDataInput, MetricInput, NumberPointInput } from './write-metric.ts'

const CUMULATIVE = 2
export type Reading = readonly [value: number, attributes?: Readonly<Record<string, string>>]

/** A counter only grows, an amount is added up over its attributes, a gauge is neither. */
export type ReadingKind = 'gauge' | 'counter' | 'amount'

export function metricAt(timeUnixNano: bigint, startUnixNano?: bigint) {
  return (name: string, unit: string, kind: ReadingKind, values: readonly Reading[]): MetricInput => {
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

function dataOf(kind: ReadingKind, points: readonly NumberPointInput[]): MetricDataInput {
  if (kind === 'gauge') return { type: 'gauge', points }
  return { type: 'sum', temporality: CUMULATIVE, isMonotonic: kind === 'counter', points }
}

export function known(value: number | undefined): readonly Reading[] {
  return value === undefined ? [] : [[value]]
}

export function labelled(key: string, values: Readonly<Record<string, number | undefined>>): readonly Reading[] {
  return Object.entries(values).flatMap(([label, value]): readonly Reading[] =>
    value === undefined ? [] : [[value, { [key]: label }]],
  )
}

/** Clocks are read one after the other, and some go back: a share is from 0 to 1. */
export function share(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : undefined
}

/** A metric without a point says nothing. */
export function withPoints(metrics: readonly MetricInput[]): readonly MetricInput[] {
  return metrics.filter(({ data }) => data.points.length > 0)
}
