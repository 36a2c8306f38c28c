/** What a resource calls its service, and which release of it this is. */
import { findAttribute, readAttribute, type Attribute } from '../../wire/otlp/attributes.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import { readFields } from '../../wire/otlp/read-fields.ts'
import { ownText } from './own-text.ts'

/** Each null if it is not there or no text. */
export interface ServiceWords {
  /** `service.name` */
  readonly service: string | null
  /** `service.version` */
  readonly release: string | null
}

/** Longest name kept, in UTF-16 units. */
const MAX_NAME_CHARS = 256
/** Longest release kept. */
const MAX_RELEASE_CHARS = 64

/** The first `service.name` of the resource that the reader is narrowed to; null if it is none or no text. */
export function readServiceName(reader: ProtobufReader): string | null {
  return textOf(readAttributes(reader), 'service.name', MAX_NAME_CHARS)
}

/** Of the resource that the reader is narrowed to; of a key that repeats the first. */
export function readServiceWords(reader: ProtobufReader): ServiceWords {
  const attributes = readAttributes(reader)
  return {
    service: textOf(attributes, 'service.name', MAX_NAME_CHARS),
    release: textOf(attributes, 'service.version', MAX_RELEASE_CHARS),
  }
}

function readAttributes(reader: ProtobufReader): readonly Attribute[] {
  const attributes: Attribute[] = []
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false
    attributes.push(readAttribute(reader))
    return true
  })
  return attributes
}

function textOf(attributes: readonly Attribute[], key: string, maxChars: number): string | null {
  const text = findAttribute(attributes, key)
  return typeof text === 'string' && text !== '' ? ownText(text, maxChars) : null
}
