/** Payload of a logs segment -> log records, for display and query. Bytes that passed the scan never make it throw. */
import type { SpanId, TraceId } from '../../model/ids.ts'
import { toSpanId, toTraceId } from '../../model/ids.ts'
import type { Attribute, Attributes, AttributeValue } from './attributes.ts'
import { readAttribute, readValue } from './attributes.ts'
import type { RecordContext } from './decode-payload.ts'
import { decodePayload } from './decode-payload.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readFields } from './read-fields.ts'

export interface DecodedLogRecord extends RecordContext {
  /** 0 when unknown; then {@link observedUnixNano} stands for it. */
  readonly timeUnixNano: bigint
  readonly observedUnixNano: bigint
  /** 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal, 0 unspecified. */
  readonly severityNumber: number
  readonly severityText: string
  readonly body: AttributeValue
  readonly attributes: Attributes
  readonly droppedAttributesCount: number
  /** Bits 0-7: W3C trace flags. */
  readonly flags: number
  readonly traceId: TraceId | undefined
  readonly spanId: SpanId | undefined
  /** Names the event this record is; empty for a plain log line. */
  readonly eventName: string
}

export function decodeLogRecords(payload: Uint8Array): readonly DecodedLogRecord[] {
  return decodePayload(payload, readLogRecord)
}

/** One record alone, whose resource and scope nobody asks for. */
export function decodeLogRecord(recordBytes: Uint8Array): DecodedLogRecord {
  const scope = { name: '', version: '', attributes: [] }
  return readLogRecord(new ProtobufReader(recordBytes), { resource: { attributes: [] }, scope, recordBytes })
}

function readLogRecord(reader: ProtobufReader, context: RecordContext): DecodedLogRecord {
  const attributes: Attribute[] = []
  let timeUnixNano = 0n
  let observedUnixNano = 0n
  let severityNumber = 0
  let severityText = ''
  let body: AttributeValue = null
  let droppedAttributesCount = 0
  let flags = 0
  let traceId: TraceId | undefined
  let spanId: SpanId | undefined
  let eventName = ''
  readFields(reader, (tag) => {
    if (tag === 0x09) timeUnixNano = reader.fixed64()
    else if (tag === 0x10) severityNumber = reader.int32()
    else if (tag === 0x1a) severityText = reader.text()
    else if (tag === 0x2a) body = readValue(reader)
    else if (tag === 0x32) attributes.push(readAttribute(reader))
    else if (tag === 0x38) droppedAttributesCount = reader.uint32()
    else if (tag === 0x45) flags = reader.fixed32()
    else if (tag === 0x4a) traceId = toTraceId(reader.view())
    else if (tag === 0x52) spanId = toSpanId(reader.view())
    else if (tag === 0x59) observedUnixNano = reader.fixed64()
    else if (tag === 0x62) eventName = reader.text()
    else return false
    return true
  })
  return {
    ...context,
    timeUnixNano,
    observedUnixNano,
    severityNumber,
    severityText,
    body,
    attributes,
    droppedAttributesCount,
    flags,
    traceId,
    spanId,
    eventName,
  }
}
