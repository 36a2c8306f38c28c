/**
 * The fields of a span that assembling a trace takes, read in place into one object that is used again and again: nothing
 * is allocated for a span. Ids and 64-bit integers are two unsigned words of 32 bits, texts are ranges of the bytes.
 * Attributes and events are passed over unread. As everywhere in protobuf, of a field given twice the last one counts.
 */
import { SPAN_ID_BYTES, TRACE_ID_BYTES, type SpanId, type TraceId, toSpanId, toTraceId } from '../../model/ids.ts'
import { readAttribute, type Attribute, type Attributes } from './attributes.ts'
import { OtlpError } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'

const TRACE_ID_TAG = 0x0a
const SPAN_ID_TAG = 0x12
const PARENT_SPAN_ID_TAG = 0x22
const NAME_TAG = 0x2a
const KIND_TAG = 0x30
const START_TAG = 0x39
const END_TAG = 0x41
const ATTRIBUTE_TAG = 0x4a
const EVENT_TAG = 0x5a
const LINK_TAG = 0x6a
const STATUS_TAG = 0x7a

/** @returns whether what `reader` is narrowed to is a span of this trace; the reader is where it was. */
export function isSpanOf(traceId: Uint8Array, reader: ProtobufReader): boolean {
  const { pos, end } = reader
  let at = -1
  while (reader.hasMore) {
    const tag = reader.tag()
    if (tag === TRACE_ID_TAG) {
      const outer = reader.enter()
      at = reader.end - reader.pos === TRACE_ID_BYTES ? reader.pos : -1
      reader.leave(outer)
    } else {
      reader.skip(tag & 7)
    }
  }
  reader.seek(pos, end)
  return at >= 0 && holds(reader.bytes, at, traceId)
}

/** Public fields say what was read last. */
export class SpanFields {
  spanHigh = 0
  spanLow = 0
  /** Both zero: no parent. */
  parentHigh = 0
  parentLow = 0
  startHigh = 0
  startLow = 0
  endHigh = 0
  endLow = 0
  kind = 0
  statusCode = 0
  nameStart = 0
  nameEnd = 0
  messageStart = 0
  messageEnd = 0
  events = 0
  /** Given, whether their ids are valid or not. */
  links = 0

  /** Reads what `reader` is narrowed to. @throws OtlpError where the decoder of whole spans does, in these fields */
  read(reader: ProtobufReader): void {
    this.#clear()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === SPAN_ID_TAG) this.#readSpanId(reader)
      else if (tag === PARENT_SPAN_ID_TAG) this.#readParentId(reader)
      else if (tag === NAME_TAG) this.#readName(reader)
      else if (tag === KIND_TAG) this.kind = reader.int32()
      else if (tag === START_TAG) this.#readStart(reader)
      else if (tag === END_TAG) this.#readEnd(reader)
      else if (tag === STATUS_TAG) this.#readStatus(reader)
      else {
        if (tag === EVENT_TAG) this.events++
        else if (tag === LINK_TAG) this.links++
        reader.skip(tag & 7)
      }
    }
    if (this.spanHigh === 0 && this.spanLow === 0) throw badId('span_id')
  }

  #clear(): void {
    this.spanHigh = this.spanLow = this.parentHigh = this.parentLow = 0
    this.startHigh = this.startLow = this.endHigh = this.endLow = 0
    this.kind = this.statusCode = this.events = this.links = 0
    this.nameStart = this.nameEnd = this.messageStart = this.messageEnd = 0
  }

  #readSpanId(reader: ProtobufReader): void {
    const outer = reader.enter()
    if (reader.end - reader.pos !== SPAN_ID_BYTES) throw badId('span_id')
    this.spanHigh = wordAt(reader.bytes, reader.pos)
    this.spanLow = wordAt(reader.bytes, reader.pos + 4)
    reader.leave(outer)
  }

  /** No bytes or eight zeros is no parent. */
  #readParentId(reader: ProtobufReader): void {
    const outer = reader.enter()
    const length = reader.end - reader.pos
    if (length !== 0 && length !== SPAN_ID_BYTES) throw badId('parent_span_id')
    this.parentHigh = length === 0 ? 0 : wordAt(reader.bytes, reader.pos)
    this.parentLow = length === 0 ? 0 : wordAt(reader.bytes, reader.pos + 4)
    reader.leave(outer)
  }

  #readName(reader: ProtobufReader): void {
    this.nameStart = checkText(reader)
    this.nameEnd = reader.pos
  }

  /** The low word comes first. */
  #readStart(reader: ProtobufReader): void {
    this.startLow = reader.fixed32()
    this.startHigh = reader.fixed32()
  }

  #readEnd(reader: ProtobufReader): void {
    this.endLow = reader.fixed32()
    this.endHigh = reader.fixed32()
  }

  #readMessage(reader: ProtobufReader): void {
    this.messageStart = checkText(reader)
    this.messageEnd = reader.pos
  }

  #readStatus(reader: ProtobufReader): void {
    this.statusCode = this.messageStart = this.messageEnd = 0
    const outer = reader.enter()
    while (reader.hasMore) {
      const tag = reader.tag()
      if (tag === 0x12) this.#readMessage(reader)
      else if (tag === 0x18) this.statusCode = reader.int32()
      else reader.skip(tag & 7)
    }
    reader.leave(outer)
  }
}

export interface SpanLink {
  readonly traceId: TraceId
  readonly spanId: SpanId
}

/** The links of the span in `reader` whose ids are valid. @throws OtlpError */
export function readSpanLinks(reader: ProtobufReader): readonly SpanLink[] {
  const links: SpanLink[] = []
  readFields(reader, (tag) => {
    if (tag !== LINK_TAG) return false
    const link = readLink(reader)
    if (link !== undefined) links.push(link)
    return true
  })
  return links
}

function readLink(reader: ProtobufReader): SpanLink | undefined {
  let traceId: TraceId | undefined
  let spanId: SpanId | undefined
  readPart(reader, (tag) => {
    if (tag === 0x0a) traceId = toTraceId(reader.view())
    else if (tag === 0x12) spanId = toSpanId(reader.view())
    else return false
    return true
  })
  return traceId && spanId && { traceId, spanId }
}

/** The trace of the span in `reader`, or undefined if its id is invalid. @throws OtlpError */
export function readSpanTraceId(reader: ProtobufReader): TraceId | undefined {
  let traceId: TraceId | undefined
  readFields(reader, (tag) => {
    if (tag !== TRACE_ID_TAG) return false
    traceId = toTraceId(reader.view())
    return true
  })
  return traceId
}

/** The attributes of the span in `reader`. @throws OtlpError */
export function readSpanAttributes(reader: ProtobufReader): Attributes {
  const attributes: Attribute[] = []
  readFields(reader, (tag) => {
    if (tag !== ATTRIBUTE_TAG) return false
    attributes.push(readAttribute(reader))
    return true
  })
  return attributes
}

/** Passes over a text after making sure that it is one. @returns where it begins */
function checkText(reader: ProtobufReader): number {
  const outer = reader.enter()
  const [start, end] = [reader.pos, reader.end]
  reader.leave(outer)
  for (let at = start; at < end; at++) {
    if ((reader.bytes[at] as number) < 0x80) continue
    reader.requireText(start, end)
    break
  }
  return start
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0
}

function holds(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

function badId(field: string): OtlpError {
  return new OtlpError('OTLP_BAD_ID', `${field} must be ${SPAN_ID_BYTES} bytes that are not all zero`)
}
