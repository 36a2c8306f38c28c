/** Finished spans and logs, and metrics -> OTLP protobuf, in batches that fit a bus frame. */
import { MAX_BODY_BYTES } from '../wire/bus-frames.ts'
import type { Attributes } from '../wire/otlp/attributes.ts'
import { BatchEncoder } from '../wire/otlp/batch-encoder.ts'
import { encodeAttributes } from '../wire/otlp/encode-attributes.ts'
import {
  encodeMetricsData,
  LOG_ATTRIBUTE,
  SPAN_ATTRIBUTE,
  writeLogRecord,
  writeSpan,
  type LogRecordInput,
} from '../wire/otlp/encode.ts'
import type { MetricDataInput, MetricInput } from '../wire/otlp/write-metric.ts'
import { SESSION_ID } from './bounded-attributes.ts'
import type { Scope } from './scope.ts'
import type { FinishedSpan } from './span.ts'

/** Points of one metric that are written together: with attributes of {@link MAX_SERIES_CHARS} each they fit a frame. */
const MAX_POINTS_OF_METRIC = 256

export interface Origin {
  readonly resource: { readonly attributes: Attributes }
  readonly sessionId: string
  /** The module's own. */
  readonly scope: Scope
}

export interface EncodedBatch {
  readonly bytes: Uint8Array
  readonly records: number
}

export function spanEncoder({ resource, sessionId }: Origin, scope: Scope): BatchEncoder<FinishedSpan> {
  const session = encodeAttributes(SPAN_ATTRIBUTE, { [SESSION_ID]: sessionId })
  return new BatchEncoder({ resource, scope }, (writer, span) => {
    writeSpan(writer, span)
    writer.raw(session)
  })
}

export function logEncoder(origin: Origin): BatchEncoder<LogRecordInput> {
  const session = encodeAttributes(LOG_ATTRIBUTE, { [SESSION_ID]: origin.sessionId })
  return new BatchEncoder(origin, (writer, log) => {
    writeLogRecord(writer, log)
    writer.raw(session)
  })
}

/** In parts that fit a frame. Its records are points. */
export function encodeMetrics({ resource }: Origin, scope: Scope, metrics: readonly MetricInput[]): EncodedBatch[] {
  const encode = (part: readonly MetricInput[]): Uint8Array => encodeMetricsData({ resource, scope, metrics: part })
  return split(metrics.flatMap(inParts), encode)
}

function inParts(metric: MetricInput): readonly MetricInput[] {
  const { data } = metric
  const count = Math.ceil(data.points.length / MAX_POINTS_OF_METRIC)
  if (count <= 1) return [metric]
  return Array.from({ length: count }, (_, i) => {
    const points = data.points.slice(i * MAX_POINTS_OF_METRIC, (i + 1) * MAX_POINTS_OF_METRIC)
    return { ...metric, data: { ...data, points } as MetricDataInput }
  })
}

/** Halves until each part fits; a single metric always does, by its bounds. */
function split(metrics: readonly MetricInput[], encode: (part: readonly MetricInput[]) => Uint8Array): EncodedBatch[] {
  if (metrics.length === 0) return []
  const bytes = encode(metrics)
  if (bytes.length <= MAX_BODY_BYTES || metrics.length === 1) {
    return [{ bytes, records: metrics.reduce((sum, { data }) => sum + data.points.length, 0) }]
  }
  const middle = metrics.length >> 1
  return [metrics.slice(0, middle), metrics.slice(middle)].flatMap((half) => split(half, encode))
}
