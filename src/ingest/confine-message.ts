/**
 * Writes a message of OTLP anew with only what a plugin may say: attributes of its allow-list, within its limits, under its own
 * name. Goes by the schema, so that no place for attributes is forgotten; what the schema does not know is left out.
 *
 * What it writes is still to be scanned: it looks at no more than it decides on.
 */
import { utf8 } from '../base/bytes.ts'
import { isAgentEvent } from '../policy/plugins/decide-attribute.ts'
import { readRange, type FieldRange } from '../wire/otlp/container.ts'
import { malformed } from '../wire/otlp/otlp-error.ts'
import { ProtobufReader, WIRE_BYTES } from '../wire/otlp/protobuf-reader.ts'
import { ProtobufWriter } from '../wire/otlp/protobuf-writer.ts'
import { ANY_VALUE, EVENT, KEY_VALUE, LOG_RECORD, type Field, type Schema } from '../wire/otlp/schema.ts'
import type { PluginBounds } from './plugin-bounds.ts'
import { RefusedRecord, type RefusalCount } from './refusal-count.ts'

/** Longest text of a log record, in characters: what the SDK keeps. */
export const MAX_BODY_CHARS = 16_384

const KEY_TAG = 0x0a
const VALUE_TAG = 0x12
const STRING_TAG = 0x0a
/** Names of events, by the message they are in. */
const EVENT_NAME_FIELDS: ReadonlyMap<Schema, number> = new Map([
  [LOG_RECORD, 12],
  [EVENT, 2],
])
const EVENT_NAME_KEY = 'event.name'

export class MessageConfiner {
  readonly writer: ProtobufWriter
  readonly #reader: ProtobufReader
  readonly #bounds: PluginBounds
  readonly #refusals: RefusalCount

  constructor(bytes: Uint8Array, writer: ProtobufWriter, bounds: PluginBounds, refusals: RefusalCount) {
    this.#reader = new ProtobufReader(bytes)
    this.writer = writer
    this.#bounds = bounds
    this.#refusals = refusals
  }

  /**
   * The fields of a message that lies between, into a message that is open in the writer.
   * @param onAttribute told of each attribute that stays
   * @throws {OtlpError}, {RefusedRecord}; what was written by then is the caller's to take back
   */
  message({ content, end }: Omit<FieldRange, 'start'>, schema: Schema, onAttribute?: OnAttribute): void {
    const reader = this.#reader
    let attributes = 0
    for (let at = content; at < end;) {
      reader.seek(at, end)
      const tag = reader.tag()
      const field = schema.fields[tag >>> 3]
      if (field?.message === undefined) {
        reader.skip(tag & 7)
        const range = { start: at, end: reader.pos }
        at = reader.pos
        if (field !== undefined) this.#plain(schema, field, tag, range)
        continue
      }
      if ((tag & 7) !== WIRE_BYTES) throw malformed(`${field.name} has the wrong wire type`)
      const range = readRange(reader, at)
      at = range.end
      if (field.message === KEY_VALUE) attributes += this.#attribute(tag, range, attributes, onAttribute)
      else this.#nested(tag, range, field.message)
    }
  }

  #nested(tag: number, range: FieldRange, schema: Schema): void {
    // What a resource refers to as its identity is not for a plugin to say.
    if (schema.name === 'EntityRef') return this.#refusals.detail('PLUGIN_IDENTITY')
    if (schema === ANY_VALUE) return void this.#value(tag, range, MAX_BODY_CHARS)
    const open = this.writer.open(tag)
    this.message(range, schema)
    this.writer.close(open)
  }

  /** A field that is no message: as it is. */
  #plain(
    schema: Schema,
    field: Field,
    tag: number,
    { start, end }: { readonly start: number; readonly end: number },
  ): void {
    if (EVENT_NAME_FIELDS.get(schema) === field.number && (tag & 7) === WIRE_BYTES) {
      this.#reader.seek(start, end)
      this.#reader.tag()
      requireOwnEvent(this.#reader.text())
    }
    this.writer.raw(this.#reader.bytes.subarray(start, end))
  }

  /** @returns 1 if it stays */
  #attribute(tag: number, range: FieldRange, before: number, onAttribute: OnAttribute | undefined): 0 | 1 {
    const { key, value } = this.#keyValue(range)
    const decision = this.#bounds.decide(key)
    if (decision === 'identity') return this.#leaveOut('PLUGIN_IDENTITY')
    if (key === EVENT_NAME_KEY && value !== undefined) requireOwnEvent(this.#text(value) ?? '')
    if (decision === 'undeclared') return this.#leaveOut('PLUGIN_ATTRIBUTE')
    if (before >= this.#bounds.attributeCountLimit) return this.#leaveOut('PLUGIN_ATTRIBUTE_COUNT')
    const start = this.writer.length
    const open = this.writer.open(tag)
    this.writer.text(KEY_TAG, key)
    if (value !== undefined && !this.#decidedValue(decision, value)) {
      this.writer.rewind(start)
      return 0
    }
    this.writer.close(open)
    onAttribute?.(utf8(key), value === undefined ? NO_BYTES : this.#reader.bytes.subarray(value.content, value.end))
    return 1
  }

  #leaveOut(code: 'PLUGIN_IDENTITY' | 'PLUGIN_ATTRIBUTE' | 'PLUGIN_ATTRIBUTE_COUNT'): 0 {
    this.#refusals.detail(code)
    return 0
  }

  /** @returns false if it is to be left out, which is counted */
  #decidedValue(decision: 'keep' | 'own-name' | 'own-session', value: FieldRange): boolean {
    const { name, attributeValueLengthLimit: limit } = this.#bounds
    if (decision === 'keep') return this.#value(VALUE_TAG, value, limit)
    const text = this.#text(value)
    if (decision === 'own-name') {
      if (text !== name) this.#refusals.detail('PLUGIN_IDENTITY')
      this.#writeText(VALUE_TAG, name)
      return true
    }
    if (text === undefined) {
      this.#refusals.detail('PLUGIN_IDENTITY')
      return false
    }
    this.#writeText(VALUE_TAG, cutText(`${name}/${text}`, limit))
    return true
  }

  /** A text is cut, anything else that is too long is left out. @returns false if it is */
  #value(tag: number, value: FieldRange, limit: number): boolean {
    const isShort = value.end - value.content <= limit
    const text = isShort ? undefined : this.#text(value)
    if (isShort || (text !== undefined && cutText(text, limit) === text)) {
      const open = this.writer.open(tag)
      this.writer.raw(this.#reader.bytes.subarray(value.content, value.end))
      this.writer.close(open)
      return true
    }
    this.#refusals.detail('PLUGIN_VALUE_LENGTH')
    if (text === undefined) return false
    this.#writeText(tag, cutText(text, limit))
    return true
  }

  #writeText(tag: number, text: string): void {
    const open = this.writer.open(tag)
    this.writer.text(STRING_TAG, text)
    this.writer.close(open)
  }

  /** A key that is given twice could be judged as one and read as the other. */
  #keyValue({ content, end }: FieldRange): { readonly key: string; readonly value: FieldRange | undefined } {
    const reader = this.#reader
    let key: string | undefined
    let value: FieldRange | undefined
    reader.seek(content, end)
    while (reader.hasMore) {
      const start = reader.pos
      const tag = reader.tag()
      if (tag === KEY_TAG && key === undefined) key = reader.text()
      else if (tag === VALUE_TAG && value === undefined) value = readRange(reader, start)
      else if (tag >>> 3 <= 2) throw malformed('KeyValue has a field twice, or of the wrong wire type')
      else reader.skip(tag & 7)
    }
    return { key: key ?? '', value }
  }

  /** Of an AnyValue that is one text and nothing else. */
  #text({ content, end }: FieldRange): string | undefined {
    const reader = this.#reader
    reader.seek(content, end)
    if (!reader.hasMore || reader.tag() !== STRING_TAG) return undefined
    const text = reader.text()
    return reader.hasMore ? undefined : text
  }
}

/** Key and value as they came. */
export type OnAttribute = (key: Uint8Array, value: Uint8Array) => void

const NO_BYTES: Uint8Array = new Uint8Array()

function requireOwnEvent(name: string): void {
  if (isAgentEvent(name)) throw new RefusedRecord('PLUGIN_EVENT')
}

/** To so many characters, never through one. */
function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  let end = 0
  for (let count = 0; count < limit && end < text.length; count++) {
    end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}
