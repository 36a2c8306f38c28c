/** One JSON value -> one protobuf field, by the schema. Throws OtlpError for a value of the wrong kind. */
import { fromHex } from '../../base/bytes.ts'
import { fromBase64 } from './base64.ts'
import { placeOf } from './large-integer.ts'
import { OtlpError } from './otlp-error.ts'
import { WIRE_BYTES } from './protobuf-reader.ts'
import type { ProtobufWriter } from './protobuf-writer.ts'
import type { Field, Schema } from './schema.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function asObject(value: unknown, name: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw wrongKind(name, 'an object')
}

export function asArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw wrongKind(name, 'an array')
}

/** Writes the fields of `object` that the schema knows; null is the same as absent. */
export function writeFields(writer: ProtobufWriter, schema: Schema | undefined, object: JsonObject): void {
  for (const name of Object.keys(object)) {
    const field = schema?.byName.get(name)
    const value = object[name]
    if (field === undefined || value === null) continue
    if (!field.repeated) writeField(writer, ...placeOf(schema as Schema, field, value))
    else if (field.wire !== WIRE_BYTES) writePacked(writer, field, asArray(value, name))
    else for (const each of asArray(value, name)) writeField(writer, field, each)
  }
}

/** A list of numbers in one field, as every encoder of proto3 writes it: so that JSON is the way back to the same bytes. */
function writePacked(writer: ProtobufWriter, { name, number, type }: Field, values: readonly unknown[]): void {
  const tag = (number << 3) | WIRE_BYTES
  if (type === 'double')
    writer.packedDoubles(
      tag,
      values.map((value) => asDouble(value, name)),
    )
  else if (type === 'fixed64')
    writer.packedFixed64(
      tag,
      values.map((value) => asInteger(value, name, UINT64)),
    )
  else
    writer.packedVarints(
      tag,
      values.map((value) => asInteger(value, name, UINT64)),
    )
}

/** Writes one value, or one element of a repeated field. */
export function writeField(writer: ProtobufWriter, field: Field, value: unknown): void {
  const { name } = field
  const tag = (field.number << 3) | field.wire
  switch (field.type) {
    case 'message': {
      const start = writer.open(tag)
      writeFields(writer, field.message, asObject(value, name))
      writer.close(start)
      return
    }
    case 'string':
      return writer.text(tag, asString(value, name))
    case 'id':
      return writer.bytes(tag, asId(value, name))
    case 'bytes':
      return writer.bytes(tag, asBytes(value, name))
    case 'bool':
      return writer.integer(tag, asBool(value, name) ? 1 : 0)
    case 'enum':
      if (typeof value !== 'number') throw wrongKind(name, 'an enum as an integer')
      return writer.integer(tag, Number(asInteger(value, name, INT32)))
    case 'uint32':
      return writer.integer(tag, Number(asInteger(value, name, UINT32)))
    case 'sint32':
      return writer.integer(tag, zigzag(Number(asInteger(value, name, INT32))))
    case 'fixed32':
      return writer.fixed32(tag, Number(asInteger(value, name, UINT32)))
    case 'int64':
      return writer.bigint(tag, asInteger(value, name, INT64))
    case 'uint64':
      return writer.bigint(tag, asInteger(value, name, UINT64))
    case 'fixed64':
      return writer.fixed64(tag, asInteger(value, name, UINT64))
    case 'sfixed64':
      return writer.fixed64(tag, asInteger(value, name, INT64))
    case 'double':
      return writer.double(tag, asDouble(value, name))
  }
}

interface IntegerRange {
  readonly min: bigint
  readonly max: bigint
}
const INT32: IntegerRange = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
const UINT32: IntegerRange = { min: 0n, max: 2n ** 32n - 1n }
const INT64: IntegerRange = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const UINT64: IntegerRange = { min: 0n, max: 2n ** 64n - 1n }

function asInteger(value: unknown, name: string, { min, max }: IntegerRange): bigint {
  const integer = toBigInt(value)
  if (integer === undefined || integer < min || integer > max) throw wrongKind(name, `an integer from ${min} to ${max}`)
  return integer
}

/** At most 20 digits: BigInt takes time that grows faster than the text. */
function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined
}

function asDouble(value: unknown, name: string): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string' && NUMBER_TEXT.test(value)) return Number(value)
  throw wrongKind(name, 'a number')
}

/** What a JSON number looks like, and the three words for what JSON cannot say. */
const NUMBER_TEXT = /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/

function asString(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw wrongKind(name, 'a string')
}

function asBool(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw wrongKind(name, 'true or false')
}

function asId(value: unknown, name: string): Uint8Array {
  const bytes = fromHex(asString(value, name))
  if (bytes === undefined) throw new OtlpError('OTLP_BAD_ID', `${name} must be hex`)
  return bytes
}

function asBytes(value: unknown, name: string): Uint8Array {
  const bytes = fromBase64(asString(value, name))
  if (bytes === undefined) throw wrongKind(name, 'base64')
  return bytes
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function wrongKind(name: string, wanted: string): OtlpError {
  return new OtlpError('OTLP_JSON', `${name} must be ${wanted}`)
}
