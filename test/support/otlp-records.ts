/** OTLP messages of a stock program, from few words: what tests feed to the door. */
import { toSpanId, toTraceId, type SpanId, type TraceId } from '../../src/model/ids.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../src/wire/otlp/encode.ts'

/** 2026-11-22T18:00:00Z */
export const T0_NANO = 1_795_370_400_000_000_000n
const SCOPE = { name: 'test' }

export interface SpanWords {
  readonly trace: number
  readonly span: number
  readonly name?: string
  readonly text?: string
  /** A time past 2262, which no record may have. */
  readonly isBad?: boolean
}

export function traceIdOf(n: number): TraceId {
  return toTraceId(n.toString(16).padStart(32, '0')) as TraceId
}

export function spanIdOf(n: number): SpanId {
  return toSpanId(n.toString(16).padStart(16, '0')) as SpanId
}

/** `text` makes a span as large as wanted. */
export function traces(service: string, ...spans: readonly SpanWords[]): Uint8Array {
  return encodeTracesData({
    resource: { attributes: { 'service.name': service } },
    scope: SCOPE,
    spans: spans.map(({ trace, span, name, text, isBad }) => ({
      traceId: traceIdOf(trace),
      spanId: spanIdOf(span),
      name: name ?? `span ${span}`,
      kind: 1,
      startUnixNano: T0_NANO + BigInt(span) * 1_000n,
      endUnixNano: isBad ? 2n ** 63n : T0_NANO + BigInt(span) * 1_000n + 500n,
      ...(text === undefined ? {} : { attributes: { text } }),
    })),
  })
}

/** `count` spans of one trace, numbered from `from`. */
export function manySpans(service: string, trace: number, from: number, count: number): Uint8Array {
  return traces(service, ...Array.from({ length: count }, (_, i) => ({ trace, span: from + i })))
}

export function logs(service: string, ...severities: readonly number[]): Uint8Array {
  return encodeLogsData({
    resource: { attributes: { 'service.name': service } },
    scope: SCOPE,
    logRecords: severities.map((severityNumber, i) => ({
      timeUnixNano: T0_NANO + BigInt(i),
      severityNumber,
      body: `severity ${severityNumber}`,
    })),
  })
}

/** One log record that names a trace. */
export function logsOfTrace(trace: number): Uint8Array {
  const logRecords = [{ timeUnixNano: T0_NANO, severityNumber: 9, body: 'of a trace', traceId: traceIdOf(trace) }]
  return encodeLogsData({ resource: { attributes: { 'service.name': 'app' } }, scope: SCOPE, logRecords })
}

export function metrics(service: string, points: number, names: readonly string[] = ['load']): Uint8Array {
  const list = Array.from({ length: points }, (_, i) => ({ timeUnixNano: T0_NANO + BigInt(i), value: i }))
  return encodeMetricsData({
    resource: { attributes: { 'service.name': service } },
    scope: SCOPE,
    metrics: names.map((name) => ({ name, data: { type: 'gauge', points: list } })),
  })
}
