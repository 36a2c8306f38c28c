/**
 * OTLP protobuf -> OTLP/JSON objects (see from-json.ts for the rules), for exports and the command line. Ids are
 * lowercase hex, 64-bit integers decimal strings. Fields this version does not know are left out. Bytes that passed the
 * scan never make it throw; others may throw OtlpError.
 */
import { toHex } from '../../base/bytes.ts'
import type { Signal } from '../../model/lane.ts'
import { toBase64 } from './base64.ts'
import { MAX_JSON_DEPTH } from './limits.ts'
import { malformed, OtlpError } from './otlp-error.ts'
import { ProtobufReader, WIRE_BYTES } from './protobuf-reader.ts'
import type { Field, Schema } from './schema.ts'
import { DATA } from './schema.ts'

type OtlpJson = string | number | boolean | OtlpJsonObject | readonly OtlpJson[]
export interface OtlpJsonObject {
  readonly [name: string]: OtlpJson
}

export function tracesToJson(payload: Uint8Array): OtlpJsonObject {
  return payloadToJson('traces', payload)
}

export function logsToJson(payload: Uint8Array): OtlpJsonObject {
  return payloadToJson('logs', payload)
}

export function metricsToJson(payload: Uint8Array): OtlpJsonObject {
  return payloadToJson('metrics', payload)
}

export function payloadToJson(signal: Signal, payload: Uint8Array): OtlpJsonObject {
  return messageToJson(new ProtobufReader(payload), DATA[signal], 0)
}

function messageToJson(reader: ProtobufReader, schema: Schema, depth: number): OtlpJsonObject {
  if (depth > MAX_JSON_DEPTH) throw new OtlpError('OTLP_TOO_DEEP', `messages nest deeper than ${MAX_JSON_DEPTH}`)
  const object: Record<string, OtlpJson> = {}
  while (reader.hasMore) {
    const tag = reader.tag()
    const field = schema.fields[tag >>> 3]
    if (field === undefined) reader.skip(tag & 7)
    else if (field.repeated) addElements(reader, field, tag & 7, listAt(object, field.name), depth)
    else object[field.name] = valueToJson(reader, field, tag & 7, depth)
  }
  return object
}

function listAt(object: Record<string, OtlpJson>, name: string): OtlpJson[] {
  return (object[name] ??= []) as OtlpJson[]
}

/** One element, or a packed run of them. */
function addElements(reader: ProtobufReader, field: Field, wire: number, list: OtlpJson[], depth: number): void {
  if (wire === field.wire || wire !== WIRE_BYTES) {
    list.push(valueToJson(reader, field, wire, depth))
    return
  }
  const outer = reader.enter()
  while (reader.hasMore) list.push(valueToJson(reader, field, field.wire, depth))
  reader.leave(outer)
}

function valueToJson(reader: ProtobufReader, field: Field, wire: number, depth: number): OtlpJson {
  if (wire !== field.wire) throw malformed(`${field.name} has the wrong wire type`)
  switch (field.type) {
    case 'message':
      return partToJson(reader, field.message as Schema, depth + 1)
    case 'string':
      return reader.text()
    case 'id':
      return toHex(reader.view())
    case 'bytes':
      return toBase64(reader.view())
    case 'bool':
      return reader.bool()
    case 'enum':
      return reader.int32()
    case 'uint32':
      return reader.uint32()
    case 'sint32':
      return reader.sint32()
    case 'fixed32':
      return reader.fixed32()
    case 'int64':
      return reader.int64().toString()
    case 'uint64':
      return reader.uint64().toString()
    case 'fixed64':
      return reader.fixed64().toString()
    case 'sfixed64':
      return reader.sfixed64().toString()
    case 'double':
      return doubleToJson(reader.double())
  }
}

function partToJson(reader: ProtobufReader, schema: Schema, depth: number): OtlpJsonObject {
  const outer = reader.enter()
  const object = messageToJson(reader, schema, depth)
  reader.leave(outer)
  return object
}

/** What JSON has no number for is a word: JSON.stringify would make negative zero a plain one. */
function doubleToJson(value: number): OtlpJson {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}
