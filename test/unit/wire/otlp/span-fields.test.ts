import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../../src/base/bytes.ts'
import { idBytes, type TraceId } from '../../../../src/model/ids.ts'
import { decodeSpans, type DecodedSpan } from '../../../../src/wire/otlp/decode-traces.ts'
import { eachRecord } from '../../../../src/wire/otlp/each-record.ts'
import { encodeTracesData } from '../../../../src/wire/otlp/encode.ts'
import { OtlpError } from '../../../../src/wire/otlp/otlp-error.ts'
import { ProtobufReader } from '../../../../src/wire/otlp/protobuf-reader.ts'
import { isSpanOf, readSpanAttributes, readSpanLinks, SpanFields } from '../../../../src/wire/otlp/span-fields.ts'
import { batch, plainSpan, span } from './arbitraries.ts'
import { field } from './raw.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c' as TraceId
const OTHER = '1af7651916cd43dd8448eb211c80319c' as TraceId

/** What the fields say, in the words of the decoder of whole spans. */
function fieldsOf(reader: ProtobufReader) {
  const { pos, end } = reader
  const fields = new SpanFields()
  fields.read(reader)
  const text = (from: number, to: number): string => new TextDecoder().decode(reader.bytes.subarray(from, to))
  const restarted = (): ProtobufReader => {
    reader.seek(pos, end)
    return reader
  }
  const parent = idText(fields.parentHigh, fields.parentLow)
  return {
    spanId: idText(fields.spanHigh, fields.spanLow),
    parentSpanId: parent === '0'.repeat(16) ? undefined : parent,
    name: text(fields.nameStart, fields.nameEnd),
    kind: fields.kind,
    startUnixNano: (BigInt(fields.startHigh) << 32n) | BigInt(fields.startLow),
    endUnixNano: (BigInt(fields.endHigh) << 32n) | BigInt(fields.endLow),
    status: { code: fields.statusCode, message: text(fields.messageStart, fields.messageEnd) },
    events: fields.events,
    links: readSpanLinks(restarted()),
    attributes: readSpanAttributes(restarted()),
  }
}

function decoded({ spanId, parentSpanId, name, kind, startUnixNano, endUnixNano, status, ...rest }: DecodedSpan) {
  const links = rest.links.map((link) => ({ traceId: link.traceId, spanId: link.spanId }))
  const { attributes, events } = rest
  return {
    spanId,
    parentSpanId,
    name,
    kind,
    startUnixNano,
    endUnixNano,
    status,
    events: events.length,
    links,
    attributes,
  }
}

function idText(high: number, low: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString(16).padStart(16, '0')
}

function readAll(payload: Uint8Array, traceId: TraceId) {
  const all: ReturnType<typeof fieldsOf>[] = []
  const wanted = idBytes(traceId)
  eachRecord(payload, (reader) => {
    if (isSpanOf(wanted, reader)) all.push(fieldsOf(reader))
  })
  return all
}

describe('fields of spans, read in place', () => {
  test('[OT8] they are what the decoder of whole spans says of the spans of the trace, and of no other', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 4 }), (spans) => {
        const mixed = spans.map((each, i) => ({ ...each, traceId: i % 2 === 0 ? TRACE : OTHER }))
        const payload = encodeTracesData({ ...batch, spans: mixed })
        const own = decodeSpans(payload).filter((each) => each.traceId === TRACE)
        expect(readAll(payload, TRACE)).toEqual(own.map(decoded))
      }),
    )
  })

  test.each([
    { name: 'a trace id', more: field(1, idBytes(OTHER)), isOwn: false },
    { name: 'a trace id of another length', more: field(1, new Uint8Array(15)), isOwn: false },
    { name: 'a span id', more: field(2, idBytes(TRACE).subarray(0, 8)), isOwn: true },
    { name: 'a parent', more: field(4, new Uint8Array(8)), isOwn: true },
    { name: 'a name', more: field(5, 'other'), isOwn: true },
  ])('[OT8] of $name given twice the last one counts', ({ more, isOwn }) => {
    const [record] = decodeSpans(encodeTracesData({ ...batch, spans: [plainSpan({ traceId: TRACE })] }))
    const payload = field(1, field(2, field(2, concat(record?.recordBytes as Uint8Array, more))))
    expect(readAll(payload, TRACE).length).toBe(isOwn ? 1 : 0)
    if (isOwn) expect(readAll(payload, TRACE)).toEqual(decodeSpans(payload).map(decoded))
  })

  test.each([
    { name: 'a span id of zeros', bytes: field(2, new Uint8Array(8)) },
    { name: 'a span id of 7 bytes', bytes: field(2, new Uint8Array(7).fill(1)) },
    { name: 'no span id', bytes: new Uint8Array() },
    { name: 'a parent of 9 bytes', bytes: concat(field(2, '12345678'), field(4, '123456789')) },
    { name: 'a name that is not UTF-8', bytes: concat(field(2, '12345678'), field(5, Uint8Array.of(0x61, 0xff))) },
  ])('[OT8] $name is refused, as by the decoder', ({ bytes }) => {
    const record = concat(field(1, idBytes(TRACE)), bytes)
    expect(() => decodeSpans(field(1, field(2, field(2, record))))).toThrow(OtlpError)
    expect(() => new SpanFields().read(new ProtobufReader(record))).toThrow(OtlpError)
  })

  test('[OT8] every strict prefix of a payload, and any bytes, are read or refused, never past the end', () => {
    const spans = fc.sample(span, { numRuns: 2, seed: 7 }).map((each) => ({ ...each, traceId: TRACE }))
    const whole = encodeTracesData({ ...batch, spans })
    const prefixes = Array.from(whole, (_, length) => whole.subarray(0, length))
    for (const bytes of [...prefixes, ...fc.sample(fc.uint8Array({ maxLength: 60 }), 300)]) {
      try {
        readAll(bytes, TRACE)
      } catch (err) {
        expect(err).toBeInstanceOf(OtlpError)
      }
    }
  })
})
