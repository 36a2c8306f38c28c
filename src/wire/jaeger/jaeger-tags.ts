/** Jaeger's typed tags -> OTLP/JSON attributes. A value that is not of the type it claims is kept as what it is. */
import { looseList, looseObject } from './jaeger-types.ts'

/** One attribute in OTLP/JSON. */
export interface JsonAttribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

export interface Tag {
  readonly key: string
  readonly type: string
  readonly value: unknown
}

/** Those that have a name; order is kept, also of several with one name. */
export function readTags(tags: unknown): readonly Tag[] {
  return looseList(tags).flatMap((each) => {
    const { key, type, value } = looseObject(each)
    return typeof key === 'string' ? [{ key, type: typeof type === 'string' ? type : '', value }] : []
  })
}

export function toAttribute({ key, type, value }: Tag): JsonAttribute {
  return { key, value: toValue(type, value) }
}

export function textAttribute(key: string, text: string): JsonAttribute {
  return { key, value: { stringValue: text } }
}

export function textsAttribute(key: string, texts: readonly string[]): JsonAttribute {
  return { key, value: { arrayValue: { values: texts.map((stringValue) => ({ stringValue })) } } }
}

/** Large integers come as texts of digits; with no type given, a number that is whole is one. */
function toValue(type: string, value: unknown): JsonAttribute['value'] {
  switch (typeof value) {
    case 'boolean':
      return { boolValue: value }
    case 'number':
      return type !== 'float64' && Number.isSafeInteger(value) ? { intValue: value } : { doubleValue: value }
    case 'string':
      return fromText(type, value)
    default:
      return value === null || value === undefined ? {} : { stringValue: JSON.stringify(value) }
  }
}

function fromText(type: string, text: string): JsonAttribute['value'] {
  if (type === 'int64' && isInt64(text)) return { intValue: text }
  if (type === 'float64' && FLOAT.test(text)) return { doubleValue: text }
  if (type === 'bool' && (text === 'true' || text === 'false')) return { boolValue: text === 'true' }
  if (type === 'binary' && isBase64(text)) return { bytesValue: text }
  return { stringValue: text }
}

const FLOAT = /^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity)$/

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text)
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}
