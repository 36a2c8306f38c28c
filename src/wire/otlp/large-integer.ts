/**
 * Integers that no 64 bits hold: stock OpenTelemetry JS writes every whole number as one (`intValue: 1e21`). They are kept
 * as what holds them (docs/spec/otlp.md OT14), so that one of them does not cost its record: as a double, which they are in
 * JavaScript, where it reads as the same digits, else as the text of these.
 */
import type { Field, Schema } from './schema.ts'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n
const DIGITS = /^-?\d+$/
/** Characters of the longest integer of 64 bits, and of the longest that a double is written as without an exponent. */
const LONGEST_INT64 = 20
const LONGEST_DOUBLE = 22

/** @returns the field of the same message that the value goes into, and the value for it: as they are, if it fits or is no integer. */
export function placeOf(schema: Schema, field: Field, value: unknown): readonly [field: Field, value: unknown] {
  if ((field.type !== 'int64' && field.type !== 'sfixed64') || !isTooLarge(value)) return [field, value]
  const double = schema.byName.get('doubleValue') ?? schema.byName.get('asDouble')
  if (double !== undefined && isDouble(value)) return [double, Number(value)]
  const text = schema.byName.get('stringValue')
  return text === undefined ? [field, value] : [text, String(value)]
}

function isTooLarge(value: unknown): value is number | string {
  if (typeof value === 'number') return Number.isInteger(value) && !isInt64(BigInt(value))
  if (typeof value !== 'string' || !DIGITS.test(value)) return false
  return value.length > LONGEST_INT64 || !isInt64(BigInt(value))
}

function isInt64(integer: bigint): boolean {
  return integer >= MIN_INT64 && integer <= MAX_INT64
}

function isDouble(value: number | string): boolean {
  return typeof value === 'number' || (value.length <= LONGEST_DOUBLE && String(Number(value)) === value)
}
