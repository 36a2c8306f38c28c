/** Attributes and their values, decoded: what OTLP calls KeyValue and AnyValue. */
import { MAX_VALUE_DEPTH } from './limits.ts'
import { OtlpError } from './otlp-error.ts'
import { readFields, readPart } from './read-fields.ts'
import type { ProtobufReader } from './protobuf-reader.ts'

/** Integers are bigint and doubles number, so that both come back as they were sent. `null` is a value that was not set. */
export type AttributeValue =
  null | string | boolean | bigint | number | Uint8Array | readonly AttributeValue[] | KeyValueList

export interface KeyValueList {
  readonly entries: Attributes
}

export interface Attribute {
  readonly key: string
  readonly value: AttributeValue
}

/** In the order sent. Keys should differ; where they do not, the first one counts. */
export type Attributes = readonly Attribute[]

export function findAttribute(attributes: Attributes, key: string): AttributeValue | undefined {
  return attributes.find((attribute) => attribute.key === key)?.value
}

/** Reads one KeyValue field. */
export function readAttribute(reader: ProtobufReader, depth = 0): Attribute {
  let key = ''
  let value: AttributeValue = null
  readPart(reader, (tag) => {
    if (tag === 0x0a) key = reader.text()
    else if (tag === 0x12) value = readValue(reader, depth + 1)
    else return false
    return true
  })
  return { key, value }
}

/** Reads one AnyValue field; the member sent last counts, as in every protobuf `oneof`. */
export function readValue(reader: ProtobufReader, depth = 1): AttributeValue {
  if (depth > MAX_VALUE_DEPTH) throw new OtlpError('OTLP_TOO_DEEP', `values nest deeper than ${MAX_VALUE_DEPTH}`)
  let value: AttributeValue = null
  readPart(reader, (tag) => {
    if (tag === 0x0a) value = reader.text()
    else if (tag === 0x10) value = reader.bool()
    else if (tag === 0x18) value = reader.int64()
    else if (tag === 0x21) value = reader.double()
    else if (tag === 0x2a) value = readList(reader, (each) => readValue(each, depth + 1))
    else if (tag === 0x32) value = { entries: readList(reader, (each) => readAttribute(each, depth)) }
    else if (tag === 0x3a) value = reader.view()
    else return false
    return true
  })
  return value
}

/** Field 1 of the message, repeated: ArrayValue and KeyValueList. */
function readList<T>(reader: ProtobufReader, read: (reader: ProtobufReader) => T): T[] {
  const list: T[] = []
  const outer = reader.enter()
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false
    list.push(read(reader))
    return true
  })
  reader.leave(outer)
  return list
}
