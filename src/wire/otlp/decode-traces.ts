/** Payload of a traces segment -> spans, for display and query. Bytes that passed the scan never make it throw. */
import type { SpanId, TraceId } from '../../model/ids.ts'
import { toSpanId, toTraceId } from '../../model/ids.ts'
import type { Attribute, Attributes } from './attributes.ts'
import { readAttribute } from './attributes.ts'
import type { RecordContext } from './decode-payload.ts'
import { decodePayload } from './decode-payload.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'
import { readParentSpanId, requireSpanId, requireTraceId } from './record-id.ts'

export interface DecodedSpan extends RecordContext {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | undefined
  readonly traceState: string
  readonly name: string
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer; others may come. */
  readonly kind: number
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly attributes: Attributes
  readonly droppedAttributesCount: number
  readonly events: readonly DecodedEvent[]
  readonly droppedEventsCount: number
  /** Those with valid ids only. */
  readonly links: readonly DecodedLink[]
  readonly droppedLinksCount: number
  readonly status: DecodedStatus
  /** Bits 0-7 W3C trace flags; bit 8: it is known whether the parent is remote; bit 9: it is. */
  readonly flags: number
}

export interface DecodedEvent {
  readonly timeUnixNano: bigint
  readonly name: string
  readonly attributes: Attributes
}

export interface DecodedLink {
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly traceState: string
  readonly attributes: Attributes
  readonly flags: number
}

export interface DecodedStatus {
  /** 0 unset, 1 ok, 2 error. */
  readonly code: number
  readonly message: string
}

export function decodeSpans(payload: Uint8Array): readonly DecodedSpan[] {
  return decodePayload(payload, readSpan)
}

/** One record alone, whose resource and scope nobody asks for. */
export function decodeSpan(recordBytes: Uint8Array): DecodedSpan {
  const scope = { name: '', version: '', attributes: [] }
  return readSpan(new ProtobufReader(recordBytes), { resource: { attributes: [] }, scope, recordBytes })
}

function readSpan(reader: ProtobufReader, context: RecordContext): DecodedSpan {
  const attributes: Attribute[] = []
  const events: DecodedEvent[] = []
  const links: DecodedLink[] = []
  let traceId: Uint8Array | undefined
  let spanId: Uint8Array | undefined
  let parentSpanId: Uint8Array | undefined
  let traceState = ''
  let name = ''
  let kind = 0
  let startUnixNano = 0n
  let endUnixNano = 0n
  let droppedAttributesCount = 0
  let droppedEventsCount = 0
  let droppedLinksCount = 0
  let status: DecodedStatus = { code: 0, message: '' }
  let flags = 0
  readFields(reader, (tag) => {
    if (tag === 0x0a) traceId = reader.view()
    else if (tag === 0x12) spanId = reader.view()
    else if (tag === 0x1a) traceState = reader.text()
    else if (tag === 0x22) parentSpanId = reader.view()
    else if (tag === 0x2a) name = reader.text()
    else if (tag === 0x30) kind = reader.int32()
    else if (tag === 0x39) startUnixNano = reader.fixed64()
    else if (tag === 0x41) endUnixNano = reader.fixed64()
    else if (tag === 0x4a) attributes.push(readAttribute(reader))
    else if (tag === 0x50) droppedAttributesCount = reader.uint32()
    else if (tag === 0x5a) events.push(readEvent(reader))
    else if (tag === 0x60) droppedEventsCount = reader.uint32()
    else if (tag === 0x6a) links.push(...readLink(reader))
    else if (tag === 0x70) droppedLinksCount = reader.uint32()
    else if (tag === 0x7a) status = readStatus(reader)
    else if (tag === 0x85) flags = reader.fixed32()
    else return false
    return true
  })
  return {
    ...context,
    traceId: requireTraceId(traceId),
    spanId: requireSpanId(spanId),
    parentSpanId: readParentSpanId(parentSpanId),
    traceState,
    name,
    kind,
    startUnixNano,
    endUnixNano,
    attributes,
    droppedAttributesCount,
    events,
    droppedEventsCount,
    links,
    droppedLinksCount,
    status,
    flags,
  }
}

function readEvent(reader: ProtobufReader): DecodedEvent {
  const attributes: Attribute[] = []
  let timeUnixNano = 0n
  let name = ''
  readPart(reader, (tag) => {
    if (tag === 0x09) timeUnixNano = reader.fixed64()
    else if (tag === 0x12) name = reader.text()
    else if (tag === 0x1a) attributes.push(readAttribute(reader))
    else return false
    return true
  })
  return { timeUnixNano, name, attributes }
}

/** One link, or none when its ids are invalid: a span is not lost for a bad link. */
function readLink(reader: ProtobufReader): readonly DecodedLink[] {
  const attributes: Attribute[] = []
  let traceId: TraceId | undefined
  let spanId: SpanId | undefined
  let traceState = ''
  let flags = 0
  readPart(reader, (tag) => {
    if (tag === 0x0a) traceId = toTraceId(reader.view())
    else if (tag === 0x12) spanId = toSpanId(reader.view())
    else if (tag === 0x1a) traceState = reader.text()
    else if (tag === 0x22) attributes.push(readAttribute(reader))
    else if (tag === 0x35) flags = reader.fixed32()
    else return false
    return true
  })
  return traceId && spanId ? [{ traceId, spanId, traceState, attributes, flags }] : []
}

function readStatus(reader: ProtobufReader): DecodedStatus {
  let code = 0
  let message = ''
  readPart(reader, (tag) => {
    if (tag === 0x12) message = reader.text()
    else if (tag === 0x18) code = reader.int32()
    else return false
    return true
  })
  return { code, message }
}
