/** What a resource calls its service. */
import { findAttribute, readAttribute, type Attribute } from '../../wire/otlp/attributes.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import { readFields } from '../../wire/otlp/read-fields.ts'
import { ownText } from './own-text.ts'

/** Longest name kept, in UTF-16 units. */
const MAX_NAME_CHARS = 256

/** The first `service.name` of the resource that the reader is narrowed to; null if it is none or no text. */
export function readServiceName(reader: ProtobufReader): string | null {
  const attributes: Attribute[] = []
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false
    attributes.push(readAttribute(reader))
    return true
  })
  const name = findAttribute(attributes, 'service.name')
  return typeof name === 'string' && name !== '' ? ownText(name, MAX_NAME_CHARS) : null
}
