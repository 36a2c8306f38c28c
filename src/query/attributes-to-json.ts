/** Attributes as a plain JSON object: integers as decimal strings, bytes as hex, numbers JSON cannot hold as words. */
import { toHex } from '../base/bytes.ts'
import type { Attributes, AttributeValue } from '../wire/otlp/attributes.ts'

export type JsonValue = null | string | boolean | number | readonly JsonValue[] | { readonly [key: string]: JsonValue }

/** Where keys repeat, the first one counts. Depth is bounded by the decoder. */
export function attributesToJson(attributes: Attributes): { readonly [key: string]: JsonValue } {
  return Object.fromEntries(attributes.toReversed().map(({ key, value }) => [key, attributeToJson(value)]))
}

export function attributeToJson(value: AttributeValue): JsonValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  return 'entries' in value && !Array.isArray(value)
    ? attributesToJson((value as { entries: Attributes }).entries)
    : (value as readonly AttributeValue[]).map(attributeToJson)
}
