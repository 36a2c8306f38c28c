/** What the scan says of a record: just enough to index it, judge it and cut it out again. */
import type { SpanId, TraceId } from '../../model/ids.ts'
import type { ByteRange } from './container.ts'

/** `start` and `end` are offsets of the whole field, its tag included, in the scanned bytes. */
export interface SpanRow {
  readonly kind: 'span'
  readonly start: number
  readonly end: number
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | undefined
  readonly name: string
  readonly spanKind: number
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly statusCode: number
}

export interface LogRow {
  readonly kind: 'log'
  readonly start: number
  readonly end: number
  /** Its time, else when it was observed; 0 when neither is known. */
  readonly timeUnixNano: bigint
  readonly severityNumber: number
  readonly traceId: TraceId | undefined
  readonly spanId: SpanId | undefined
}

export interface MetricRow {
  readonly kind: 'metric'
  readonly start: number
  readonly end: number
  readonly name: string
  /** At least 1. */
  readonly points: number
  /** 0 when no point has a time; points without one do not count. */
  readonly minTimeUnixNano: bigint
  readonly maxTimeUnixNano: bigint
}

export type Row = SpanRow | LogRow | MetricRow

export interface ScannedScope {
  readonly start: number
  readonly end: number
  readonly rows: readonly Row[]
  /** Fields that go with any choice of rows: scope, schema URL, unknown ones. */
  readonly others: readonly ByteRange[]
  readonly othersBytes: number
}

export interface ScannedResource {
  readonly start: number
  readonly end: number
  /** Attribute `service.name`, when it is a string that is not empty. */
  readonly serviceName: string | undefined
  readonly scopes: readonly ScannedScope[]
  readonly others: readonly ByteRange[]
  readonly othersBytes: number
  /** Nothing in its bytes was rejected: they can be copied as they are. */
  readonly isWhole: boolean
}

export interface RejectedRecords {
  readonly count: number
  /** Code of the first. */
  readonly code: string
  readonly message: string
}

export interface Scan {
  readonly resources: readonly ScannedResource[]
  /** Records with a row; for metrics, their data points. */
  readonly accepted: number
  readonly rejected: RejectedRecords | undefined
}
