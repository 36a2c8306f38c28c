/** Records that carry a number, so that each can be asked for again: spans by id, log lines by body, metrics by name. */
import { toSpanId, type SpanId } from '../../src/model/ids.ts'
import type { Signal } from '../../src/model/lane.ts'
import { encodeLogsData, encodeMetricsData, encodeTracesData } from '../../src/wire/otlp/encode.ts'
import { T0_NANO, traceIdOf } from './otlp-records.ts'

export interface NumberedBatch {
  readonly signal: Signal
  readonly service: string
  /** All spans of a batch belong to one trace. */
  readonly trace: number
  readonly first: number
  readonly size: number
  /** Characters that each record carries besides. */
  readonly text: string
}

const SCOPE = { name: 'numbered' }

export function encodeNumbered({ signal, service, trace, first, size, text }: NumberedBatch): Uint8Array {
  const resource = { attributes: { 'service.name': service } }
  const numbers = Array.from({ length: size }, (_, i) => first + i)
  const timeOf = (n: number): bigint => T0_NANO + BigInt(n) * 1_000n
  switch (signal) {
    case 'traces': {
      const spans = numbers.map((n) => ({
        traceId: traceIdOf(trace),
        spanId: toSpanId(n.toString(16).padStart(16, '0')) as SpanId,
        name: `span ${n}`,
        kind: 1,
        startUnixNano: timeOf(n),
        endUnixNano: timeOf(n) + 500n,
        attributes: { text },
      }))
      return encodeTracesData({ resource, scope: SCOPE, spans })
    }
    case 'logs': {
      const logRecords = numbers.map((n) => ({
        timeUnixNano: timeOf(n),
        severityNumber: 9,
        body: `line ${n}`,
        attributes: { text },
      }))
      return encodeLogsData({ resource, scope: SCOPE, logRecords })
    }
    case 'metrics': {
      const metrics = numbers.map((n) => {
        const points = [{ timeUnixNano: timeOf(n), value: n, attributes: { text } }]
        return { name: `load ${n}`, data: { type: 'gauge' as const, points } }
      })
      return encodeMetricsData({ resource, scope: SCOPE, metrics })
    }
  }
}
