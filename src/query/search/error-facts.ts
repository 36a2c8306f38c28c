/**
 * What an error says of itself, in OpenTelemetry's words: the exception of a span with an error, or of a log record. Read
 * where it lies, so that a text of a megabyte costs no more than the part of it that counts.
 */
import { utf8 } from '../../base/bytes.ts'
import type { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import { readFields, readPart } from '../../wire/otlp/read-fields.ts'
import { ownText, textBetween } from './own-text.ts'
import { Range } from './record-head.ts'
import { equalsAt } from './text-in-bytes.ts'

export interface ErrorFacts {
  /** `exception.type`, else `error.type`, else empty. */
  readonly type: string
  /** `exception.message`, else `error.message`, else empty. */
  readonly message: string
  /** Of a long one, the beginning and the end. */
  readonly stack: string
}

/** Most characters of a type. */
export const MAX_TYPE_CHARS = 256
/** Most characters of a message that count; what follows is details. */
export const MAX_MESSAGE_CHARS = 512
/** Of a longer stack so many bytes at either end are looked at: the innermost places stand at one of them. */
const STACK_END_BYTES = 8192

/** Tags of what is read of a record. */
export interface ErrorShape {
  readonly attribute: number
  readonly event?: number
}
export const SPAN_ERROR: ErrorShape = { attribute: 0x4a, event: 0x5a }
export const LOG_ERROR: ErrorShape = { attribute: 0x32 }
const EVENT_ATTRIBUTE = 0x1a

const KEYS = ['exception.type', 'exception.message', 'exception.stacktrace', 'error.type', 'error.message'] as const
type Key = (typeof KEYS)[number]
const KEY_BYTES = KEYS.map((key) => [key, utf8(key)] as const)
/** Where the text of each lies; an attribute that is no text counts as empty. */
type Named = Partial<Record<Key, Range>>

/**
 * Reads the record that the reader is narrowed to. Of several exceptions the last counts, for the others led to it, and any
 * counts for more than the record's own attributes. @throws {OtlpError} for bytes that are no record
 */
export function readErrorFacts(reader: ProtobufReader, { attribute, event }: ErrorShape): ErrorFacts {
  const own: Named = {}
  let ofEvent: Named = {}
  readFields(reader, (tag) => {
    if (tag === attribute) readInto(own, reader)
    else if (tag === event) {
      const named = readEvent(reader)
      if (Object.keys(named).length > 0) ofEvent = named
    } else return false
    return true
  })
  return toFacts(reader.bytes, { ...own, ...ofEvent })
}

function readEvent(reader: ProtobufReader): Named {
  const named: Named = {}
  readPart(reader, (tag) => {
    if (tag !== EVENT_ATTRIBUTE) return false
    readInto(named, reader)
    return true
  })
  return named
}

const [key, value] = [new Range(), new Range()]

/** The KeyValue field whose tag has just been read, if it is one of those that matter; of a key that repeats the first. */
function readInto(named: Named, reader: ProtobufReader): void {
  key.clear()
  value.clear()
  readPart(reader, (tag) => {
    if (tag === 0x0a) key.read(reader)
    else if (tag === 0x12) value.read(reader)
    else return false
    return true
  })
  const found = KEY_BYTES.find(([, bytes]) => equalsAt(reader.bytes, key.start, key.end, bytes))
  if (found !== undefined) named[found[0]] ??= textOf(reader)
}

/** The text of the AnyValue in {@link value}, whose last member counts; empty for anything else. */
function textOf(reader: ProtobufReader): Range {
  const { pos, end } = reader
  const text = new Range()
  reader.seek(value.start, value.end)
  readFields(reader, (tag) => {
    text.clear()
    if (tag !== 0x0a) return false
    text.read(reader)
    return true
  })
  reader.seek(pos, end)
  return text
}

function toFacts(bytes: Uint8Array, named: Named): ErrorFacts {
  const first = (maxChars: number, ...keys: readonly Key[]): string => {
    const range = keys.map((each) => named[each]).find((each) => each !== undefined && each.length > 0)
    return range === undefined ? '' : textBetween(bytes, range.start, range.end, maxChars)
  }
  return {
    type: first(MAX_TYPE_CHARS, 'exception.type', 'error.type'),
    message: first(MAX_MESSAGE_CHARS, 'exception.message', 'error.message'),
    stack: stackText(bytes, named['exception.stacktrace'] ?? new Range()),
  }
}

function stackText(bytes: Uint8Array, { start, end }: Range): string {
  if (end - start <= 2 * STACK_END_BYTES) return textBetween(bytes, start, end, 2 * STACK_END_BYTES)
  const tail = textBetween(bytes, end - STACK_END_BYTES, end, STACK_END_BYTES)
  return ownText(`${textBetween(bytes, start, start + STACK_END_BYTES, STACK_END_BYTES)}\n${tail}`, Infinity)
}
