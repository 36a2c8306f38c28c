/** One metric of the kinds a program makes: gauge, sum, histogram with explicit bounds. */
import type { AttributesInput } from './encode-attributes.ts'
import { writeAttributes } from './encode-attributes.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'

export interface MetricInput {
  readonly name: string
  readonly description?: string
  readonly unit?: string
  readonly data: MetricDataInput
}

/** `temporality`: 1 delta, 2 cumulative. */
export type MetricDataInput =
  | { readonly type: 'gauge'; readonly points: readonly NumberPointInput[] }
  | {
      readonly type: 'sum'
      readonly temporality: number
      readonly isMonotonic: boolean
      readonly points: readonly NumberPointInput[]
    }
  | { readonly type: 'histogram'; readonly temporality: number; readonly points: readonly HistogramPointInput[] }

interface PointInput {
  readonly attributes?: AttributesInput
  readonly startUnixNano?: bigint
  readonly timeUnixNano: bigint
}
export interface NumberPointInput extends PointInput {
  /** A bigint travels as integer, a number as double. */
  readonly value: number | bigint
}
export interface HistogramPointInput extends PointInput {
  readonly count: number
  readonly sum?: number | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  /** One more than bounds. */
  readonly bucketCounts: readonly number[]
  readonly explicitBounds: readonly number[]
}

export function writeMetric(writer: ProtobufWriter, { name, description, unit, data }: MetricInput): void {
  writer.text(0x0a, name)
  if (description) writer.text(0x12, description)
  if (unit) writer.text(0x1a, unit)
  const start = writer.open(DATA_TAG[data.type])
  if (data.type === 'histogram') for (const point of data.points) writeHistogramPoint(writer, point)
  else for (const point of data.points) writeNumberPoint(writer, point)
  if (data.type !== 'gauge') writer.integer(0x10, data.temporality)
  if (data.type === 'sum' && data.isMonotonic) writer.integer(0x18, 1)
  writer.close(start)
}

const DATA_TAG: Readonly<Record<MetricDataInput['type'], number>> = { gauge: 0x2a, sum: 0x3a, histogram: 0x4a }

function writeNumberPoint(writer: ProtobufWriter, point: NumberPointInput): void {
  const start = writer.open(0x0a)
  writeTimes(writer, point)
  if (typeof point.value === 'bigint') writer.fixed64(0x31, point.value)
  else writer.double(0x21, point.value)
  writeAttributes(writer, 0x3a, point.attributes)
  writer.close(start)
}

function writeHistogramPoint(writer: ProtobufWriter, point: HistogramPointInput): void {
  const start = writer.open(0x0a)
  writeTimes(writer, point)
  writer.fixed64(0x21, BigInt(point.count))
  if (point.sum !== undefined) writer.double(0x29, point.sum)
  writer.packedFixed64(0x32, point.bucketCounts.map(BigInt))
  writer.packedDoubles(0x3a, point.explicitBounds)
  writeAttributes(writer, 0x4a, point.attributes)
  if (point.min !== undefined) writer.double(0x59, point.min)
  if (point.max !== undefined) writer.double(0x61, point.max)
  writer.close(start)
}

function writeTimes(writer: ProtobufWriter, point: PointInput): void {
  if (point.startUnixNano) writer.fixed64(0x11, point.startUnixNano)
  writer.fixed64(0x19, point.timeUnixNano)
}
