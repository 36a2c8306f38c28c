/** One log record as a line of an answer (docs/spec/query.md QU14). */
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import type { DecodedLogRecord } from '../wire/otlp/decode-logs.ts'
import type { OtlpJsonObject } from '../wire/otlp/to-json.ts'
import { attributesToJson, attributeToJson, type JsonValue } from './attributes-to-json.ts'
import { deviceName } from './device-name.ts'
import { severityWord, type SeverityWord } from './otel-words.ts'
import type { Evidence, MeshKnowledge, StoredChunk } from './trace-source.ts'

export interface LogLine {
  /** As recorded; the time of observation where the program gave none. */
  readonly timeUnixNano: string
  readonly severity: SeverityWord
  readonly severityNumber: number
  readonly body: string
  readonly traceId: TraceId | null
  readonly spanId: SpanId | null
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly module: string
  readonly provenance: Evidence
  readonly attributes: { readonly [key: string]: JsonValue }
  /** The whole record as OTLP/JSON, for whoever asked for it. */
  readonly otlp?: OtlpJsonObject | undefined
}

export function logLine(
  record: DecodedLogRecord,
  chunk: StoredChunk,
  knowledge: MeshKnowledge,
  otlp?: OtlpJsonObject,
): LogLine {
  return {
    timeUnixNano: timeOf(record).toString(),
    severity: severityWord(record.severityNumber),
    severityNumber: record.severityNumber,
    body: bodyText(record),
    traceId: record.traceId ?? null,
    spanId: record.spanId ?? null,
    deviceId: chunk.deviceId,
    deviceName: deviceName(chunk.deviceId, knowledge),
    module: chunk.module,
    provenance: chunk.provenance,
    attributes: attributesToJson(record.attributes),
    otlp,
  }
}

export function timeOf(record: DecodedLogRecord): bigint {
  return record.timeUnixNano === 0n ? record.observedUnixNano : record.timeUnixNano
}

/** A body that is not text is written as JSON; a record without one is an event known by its name. */
export function bodyText({ body, eventName }: DecodedLogRecord): string {
  if (typeof body === 'string') return body
  return body === null ? eventName : JSON.stringify(attributeToJson(body))
}
