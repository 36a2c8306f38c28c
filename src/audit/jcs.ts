/**
 * JSON Canonicalization Scheme (RFC 8785): one text for one value, so that its hash means something.
 *
 * Numbers and strings are written as ECMAScript writes them, which is what the RFC prescribes; members are sorted by
 * UTF-16 code units. Must not: be used to check a hash. Bytes are hashed as they were stored.
 */
import { utf8 } from '../base/bytes.ts'
import { AuditError } from './audit-error.ts'

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject
/** A member that is `undefined` is left out, as JSON.stringify does. */
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined
}

/** Deepest nesting: records of ours have two levels, and recursion must end somewhere. */
export const MAX_JSON_DEPTH = 16

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws AuditError AUDIT_JSON_INVALID for NaN, infinities, lone surrogates, anything that is not JSON, or deep nesting. */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0)
}

export function canonicalBytes(value: JsonValue): Uint8Array {
  return utf8(canonicalJson(value))
}

/** @returns the value, or `undefined` if the bytes are not UTF-8, not JSON, or not the canonical text of their value. */
export function parseCanonical(bytes: Uint8Array): JsonValue | undefined {
  try {
    const text = strictUtf8.decode(bytes)
    const value = JSON.parse(text) as JsonValue
    return canonicalJson(value) === text ? value : undefined
  } catch {
    return undefined // whatever went wrong, the answer is the same: these bytes are not canonical JSON
  }
}

function write(value: JsonValue | undefined, depth: number): string {
  if (depth > MAX_JSON_DEPTH) throw invalid('nested too deep')
  switch (typeof value) {
    case 'string':
      return writeString(value)
    case 'number':
      if (!Number.isFinite(value)) throw invalid('not a finite number')
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      return isArray(value) ? writeArray(value, depth) : writeObject(value, depth)
    default:
      throw invalid(`not JSON: ${typeof value}`)
  }
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw invalid('a lone surrogate')
  return JSON.stringify(text)
}

function writeArray(items: readonly JsonValue[], depth: number): string {
  return `[${Array.from(items, (item) => write(item, depth + 1)).join(',')}]`
}

function writeObject(object: JsonObject, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null) throw invalid('not a plain object')
  const members = Object.keys(object).filter((name) => object[name] !== undefined)
  return `{${members
    .sort()
    .map((name) => `${writeString(name)}:${write(object[name], depth + 1)}`)
    .join(',')}}`
}

function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function invalid(why: string): AuditError {
  return new AuditError('AUDIT_JSON_INVALID', `cannot be written as canonical JSON: ${why}`)
}
