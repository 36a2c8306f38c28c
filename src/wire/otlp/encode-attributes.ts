/** Attributes -> KeyValue fields, straight from what a program hands over. */
import type { Attributes, AttributeValue } from './attributes.ts'
import { MAX_VALUE_DEPTH } from './limits.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** Tags of AnyValue's members. */
const [TEXT, FLAG, INTEGER] = [0x0a, 0x10, 0x18]
/** Largest number of one byte. */
const MAX_SMALL = 127

/**
 * A list, or an object whose keys are the attributes' (as @opentelemetry/api has them); undefined values are left out.
 * Values must not hold themselves: what a circle with branches unrolls to has no end worth waiting for.
 */
export type AttributesInput = Attributes | Readonly<Record<string, AttributeValue | undefined>>

/** Writes each attribute as one field with `tag`. */
export function writeAttributes(
  writer: ProtobufWriter,
  tag: number,
  attributes: AttributesInput | undefined,
  depth = 0,
): void {
  if (attributes === undefined) return
  if (isList(attributes)) {
    for (const { key, value } of attributes) writeAttribute(writer, tag, key, value, depth)
    return
  }
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (value !== undefined) writeAttribute(writer, tag, key, value, depth)
  }
}

/** The same, by themselves: for {@link ProtobufWriter.raw}. */
export function encodeAttributes(tag: number, attributes: AttributesInput): Uint8Array {
  const writer = new ProtobufWriter()
  writeAttributes(writer, tag, attributes)
  return writer.finish()
}

/** Writes one AnyValue field. Lists at the deepest level end up empty, so that the record is not rejected for them. */
export function writeValue(writer: ProtobufWriter, tag: number, value: AttributeValue, depth = 1): void {
  if (typeof value === 'string' && writer.textMessage(tag, TEXT, value)) return
  const start = writer.open(tag)
  writeMember(writer, value, depth)
  writer.close(start)
}

/** A number that is a whole one travels as an integer, as the OpenTelemetry JS SDKs send it. */
function writeMember(writer: ProtobufWriter, value: AttributeValue, depth: number): void {
  if (typeof value === 'string') writer.text(TEXT, value)
  else if (typeof value === 'boolean') writer.integer(FLAG, value ? 1 : 0)
  else if (typeof value === 'bigint') writer.bigint(INTEGER, value)
  else if (typeof value === 'number') writeNumber(writer, value)
  else if (value instanceof Uint8Array) writer.bytes(0x3a, value)
  else if (isList(value)) writeList(writer, value, depth)
  else if (value !== null) {
    const start = writer.open(0x32)
    if (depth < MAX_VALUE_DEPTH) writeAttributes(writer, 0x0a, value.entries, depth)
    writer.close(start)
  }
}

function writeNumber(writer: ProtobufWriter, value: number): void {
  if (isInteger(value)) writer.integer(INTEGER, value)
  else writer.double(0x21, value)
}

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function writeList(writer: ProtobufWriter, values: readonly AttributeValue[], depth: number): void {
  const start = writer.open(0x2a)
  if (depth < MAX_VALUE_DEPTH) for (const value of values) writeValue(writer, 0x0a, value, depth + 1)
  writer.close(start)
}

function writeAttribute(writer: ProtobufWriter, tag: number, key: string, value: AttributeValue, depth: number): void {
  if (isWrittenAtOnce(writer, tag, key, value)) return
  const start = writer.open(tag)
  writer.text(0x0a, key)
  writeValue(writer, 0x12, value, depth + 1)
  writer.close(start)
}

/** What most attributes are: nothing is opened and closed for it. */
function isWrittenAtOnce(writer: ProtobufWriter, tag: number, key: string, value: AttributeValue): boolean {
  if (typeof value === 'string') return writer.textEntry(tag, key, TEXT, value)
  if (typeof value === 'boolean') return writer.smallEntry(tag, key, FLAG, value ? 1 : 0)
  const isSmall = typeof value === 'number' && value >= 0 && value <= MAX_SMALL && isInteger(value)
  return isSmall && writer.smallEntry(tag, key, INTEGER, value)
}

/** Array.isArray, but it keeps what a readonly array holds. */
function isList<T>(value: readonly T[] | object | null): value is readonly T[] {
  return Array.isArray(value)
}
