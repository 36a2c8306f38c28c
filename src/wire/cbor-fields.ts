/**
 * Typed readers of the fields of a decoded CBOR map, and the writer of such a map.
 *
 * A refusal is a WireError with the field's name in `details.field`. Bounds are checked here, so that a decoder reads
 * as the list of its fields.
 */
import { utf8 } from '../base/bytes.ts'
import { decodeCbor } from './cbor.ts'
import type { CborMap, CborValue } from './cbor-value.ts'
import { fieldError } from './wire-error.ts'

/** A key of a map on the wire and its name in errors. */
export interface Field {
  readonly key: number
  readonly name: string
}

/** Names the keys of a format once, for its encoder and its decoder: `const F = fields({ version: 1 })`. */
export function fields<Name extends string>(keys: Readonly<Record<Name, number>>): Readonly<Record<Name, Field>> {
  const entries = Object.entries<number>(keys).map(([name, key]) => [name, { key, name }])
  return Object.fromEntries(entries) as Record<Name, Field>
}

/** A map of the pairs whose value is not undefined: an absent optional field is an absent key. */
export function mapOf(...pairs: readonly (readonly [Field, CborValue | undefined])[]): CborMap {
  const map = new Map<number, CborValue>()
  for (const [field, value] of pairs) if (value !== undefined) map.set(field.key, value)
  return map
}

/** Decodes bytes that must be one map. `name` is the message's name in errors. */
export function decodeCborMap(bytes: Uint8Array, name: string): CborMap {
  return asMap(decodeCbor(bytes), name)
}

export function asMap(value: CborValue, name: string): CborMap {
  if (!(value instanceof Map)) throw fieldError('WIRE_FIELD_TYPE', name, 'not a map')
  return value
}

type FieldReader<Args extends readonly unknown[], T> = (map: CborMap, field: Field, ...args: Args) => T

/** Runs a reader, or answers `undefined` if the key is absent; a key that is present must be right. */
export function readOptional<Args extends readonly unknown[], T>(
  read: FieldReader<Args, T>,
  map: CborMap,
  field: Field,
  ...args: Args
): T | undefined {
  return map.has(field.key) ? read(map, field, ...args) : undefined
}

/** A byte string of exactly `length` bytes. */
export function readBytes(map: CborMap, field: Field, length: number): Uint8Array {
  return readBytesBetween(map, field, length, length)
}

export function readBytesBetween(map: CborMap, field: Field, min: number, max: number): Uint8Array {
  return asBytes(present(map, field), field.name, min, max)
}

export function asBytes(value: CborValue, name: string, min: number, max: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw fieldError('WIRE_FIELD_TYPE', name, 'not a byte string')
  limit(name, 'length', value.length, min, max)
  return value
}

export function readUint(map: CborMap, field: Field, max = Number.MAX_SAFE_INTEGER, min = 0): number {
  return asUint(present(map, field), field.name, max, min)
}

export function asUint(value: CborValue, name: string, max = Number.MAX_SAFE_INTEGER, min = 0): number {
  if (typeof value !== 'number') throw fieldError('WIRE_FIELD_TYPE', name, 'not an integer')
  limit(name, 'value', value, min, max)
  return value
}

/** A text of 1..`maxBytes` bytes in UTF-8. */
export function readText(map: CborMap, field: Field, maxBytes: number): string {
  return asText(present(map, field), field.name, maxBytes)
}

export function asText(value: CborValue, name: string, maxBytes: number): string {
  if (typeof value !== 'string') throw fieldError('WIRE_FIELD_TYPE', name, 'not a text')
  limit(name, 'length', utf8(value).length, 1, maxBytes)
  return value
}

export function readBool(map: CborMap, field: Field): boolean {
  const value = present(map, field)
  if (typeof value !== 'boolean') throw fieldError('WIRE_FIELD_TYPE', field.name, 'not a boolean')
  return value
}

export function readMap(map: CborMap, field: Field): CborMap {
  return asMap(present(map, field), field.name)
}

/** A list of at least `min` and at most `max` values of any kind. */
export function readArray(map: CborMap, field: Field, max: number, min = 0): readonly CborValue[] {
  return asArray(present(map, field), field.name, max, min)
}

export function asArray(value: CborValue, name: string, max: number, min = 0): readonly CborValue[] {
  if (!Array.isArray(value)) throw fieldError('WIRE_FIELD_TYPE', name, 'not a list')
  limit(name, 'count', value.length, min, max)
  return value
}

/** A list of maps, each read by `readRow`. */
export function readRows<T>(map: CborMap, field: Field, max: number, readRow: (row: CborMap) => T): readonly T[] {
  return readArray(map, field, max).map((row) => readRow(asMap(row, field.name)))
}

/** A list of byte strings, each within the same bounds. */
export function readByteStrings(
  map: CborMap,
  field: Field,
  max: number,
  minBytes: number,
  maxBytes: number,
): readonly Uint8Array[] {
  return readArray(map, field, max).map((value) => asBytes(value, field.name, minBytes, maxBytes))
}

function present(map: CborMap, field: Field): CborValue {
  const value = map.get(field.key)
  if (value === undefined) throw fieldError('WIRE_FIELD_MISSING', field.name, 'missing')
  return value
}

function limit(name: string, what: string, value: number, min: number, max: number): void {
  if (value < min || value > max) {
    throw fieldError('WIRE_FIELD_RANGE', name, `${what} out of range`, { [what]: value, min, max })
  }
}
