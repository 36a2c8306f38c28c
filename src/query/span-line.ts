/** One span as a line of a live tail (docs/spec/search.md SQ16). */
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import type { DecodedSpan } from '../wire/otlp/decode-traces.ts'
import { attributesToJson, type JsonValue } from './attributes-to-json.ts'
import { deviceName } from './device-name.ts'
import { spanKindWord, spanStatusWord } from './otel-words.ts'
import type { SpanKindWord, SpanStatusWord } from './stitched-trace.ts'
import type { Evidence, MeshKnowledge, StoredChunk } from './trace-source.ts'

export interface SpanLine {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | null
  readonly name: string
  readonly kind: SpanKindWord
  readonly status: SpanStatusWord
  readonly statusMessage: string
  readonly startUnixNano: string
  readonly durationNano: string
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly module: string
  readonly service: string | null
  readonly provenance: Evidence
  readonly attributes: { readonly [key: string]: JsonValue }
}

export function spanLine(
  span: DecodedSpan,
  service: string | null,
  chunk: StoredChunk,
  knowledge: MeshKnowledge,
): SpanLine {
  const { traceId, spanId, parentSpanId, name, kind, status, startUnixNano, endUnixNano } = span
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId ?? null,
    name,
    kind: spanKindWord(kind),
    status: spanStatusWord(status.code),
    statusMessage: status.message,
    startUnixNano: startUnixNano.toString(),
    durationNano: (endUnixNano > startUnixNano ? endUnixNano - startUnixNano : 0n).toString(),
    deviceId: chunk.deviceId,
    deviceName: deviceName(chunk.deviceId, knowledge),
    module: chunk.module,
    service,
    provenance: chunk.provenance,
    attributes: attributesToJson(span.attributes),
  }
}
