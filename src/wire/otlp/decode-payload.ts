/**
 * What every decoded record stands in: its resource and scope. Payloads must have passed the scan; others may throw
 * OtlpError, never anything else.
 */
import type { Attribute, Attributes } from './attributes.ts'
import { readAttribute } from './attributes.ts'
import type { FieldRange } from './container.ts'
import { readContainer } from './container.ts'
import { MAX_RECORDS } from './limits.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readFields } from './read-fields.ts'
import { readResources } from './scan.ts'

export interface DecodedResource {
  readonly attributes: Attributes
}

export interface DecodedScope {
  readonly name: string
  readonly version: string
  readonly attributes: Attributes
}

export interface RecordContext {
  readonly resource: DecodedResource
  readonly scope: DecodedScope
  /** The record message alone, as sent, without tag and length: a view, for hashing its content. */
  readonly recordBytes: Uint8Array
}

/** Calls `decode` for every record in order, the reader narrowed to it. */
export function decodePayload<T>(
  payload: Uint8Array,
  decode: (reader: ProtobufReader, context: RecordContext) => T,
): readonly T[] {
  const reader = new ProtobufReader(payload)
  const records: T[] = []
  for (const resourceField of readResources(reader)) {
    const resourceLevel = readContainer(reader, resourceField, MAX_RECORDS)
    const resource = readResource(reader, resourceLevel.head)
    for (const scopeField of resourceLevel.children) {
      const scopeLevel = readContainer(reader, scopeField, MAX_RECORDS)
      const scope = readScope(reader, scopeLevel.head)
      for (const { content, end } of scopeLevel.children) {
        reader.seek(content, end)
        records.push(decode(reader, { resource, scope, recordBytes: payload.subarray(content, end) }))
      }
    }
  }
  return records
}

function readResource(reader: ProtobufReader, head: FieldRange | undefined): DecodedResource {
  const attributes: Attribute[] = []
  seekTo(reader, head)
  readFields(reader, (tag) => {
    if (tag !== 0x0a) return false
    attributes.push(readAttribute(reader))
    return true
  })
  return { attributes }
}

function readScope(reader: ProtobufReader, head: FieldRange | undefined): DecodedScope {
  const attributes: Attribute[] = []
  let name = ''
  let version = ''
  seekTo(reader, head)
  readFields(reader, (tag) => {
    if (tag === 0x0a) name = reader.text()
    else if (tag === 0x12) version = reader.text()
    else if (tag === 0x1a) attributes.push(readAttribute(reader))
    else return false
    return true
  })
  return { name, version, attributes }
}

/** A head that is missing reads as an empty one. */
function seekTo(reader: ProtobufReader, head: FieldRange | undefined): void {
  reader.seek(head?.content ?? 0, head?.end ?? 0)
}
