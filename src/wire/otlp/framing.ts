/**
 * How OTLP protobuf messages follow each other in a file (docs/spec/import-export.md):
 *
 *   message  data messages as they are, one or several: `{ 0x0a | varint length | resource }*`
 *   u32      `{ u32 BE length | message }*`, as the OpenTelemetry Collector's file exporter writes; ours too
 *   varint   `{ varint length | message }*`, protobuf's own "delimited" form
 *
 * A message that holds anything is at least 8 bytes, begins with 0x0a and is at most MAX_OTLP_BYTES, so its first bytes
 * fit one form alone; what fits none is not told, never guessed. Messages handed out are views, good until the next push.
 */
import { PendingBytes } from '../pending-bytes.ts'
import { CHILD_TAG, FIRST_TAG } from './container.ts'
import { MAX_OTLP_BYTES } from './limits.ts'
import { malformed, tooLarge } from './otlp-error.ts'
import { WIRE_BYTES, WIRE_FIXED32, WIRE_FIXED64 } from './protobuf-reader.ts'

export type Framing = 'message' | 'u32' | 'varint'
export const FRAMINGS: readonly Framing[] = ['message', 'u32', 'varint']
/** First bytes of a file that {@link tellFraming} needs, unless the file is shorter. */
export const FRAMING_BYTES = 16

const U32_BYTES = 4
/** A resource, a scope and a record, each with tag and length, and one field in the record. */
const MIN_MESSAGE_BYTES = 8
/** Longest varint of a length up to MAX_OTLP_BYTES, and one to see that it is longer. */
const MAX_LENGTH_BYTES = 5
const SCHEMA_URL_TAG = (3 << 3) | WIRE_BYTES

/** The form that a file beginning with these bytes has, if it has one. */
export function tellFraming(start: Uint8Array): Framing | undefined {
  const fitting = FRAMINGS.filter((framing) => fits(start, framing))
  return fitting.length === 1 ? fitting[0] : undefined
}

/** The 4 bytes before a message of this length in the form `u32`. */
export function u32Prefix(length: number): Uint8Array {
  const prefix = new Uint8Array(U32_BYTES)
  new DataView(prefix.buffer).setUint32(0, length)
  return prefix
}

export class MessageSplitter {
  readonly #framing: Framing
  readonly #pending = new PendingBytes()
  #offset = 0

  constructor(framing: Framing) {
    this.#framing = framing
  }

  /** Where the next message begins, in bytes from the start of the file. */
  get offset(): number {
    return this.#offset
  }

  /** @throws {OtlpError} where the form is broken: what comes after cannot be found any more */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    this.#pending.append(bytes)
    for (;;) {
      const view = this.#pending.view()
      const frame = frameAt(view, this.#framing)
      if (frame === undefined || frame.end > view.length) return
      if (!frame.isSkipped) yield view.subarray(frame.start, frame.end)
      this.#pending.drop(frame.end)
      this.#offset += frame.end
    }
  }

  /** @throws {OtlpError} if the file ends inside a message */
  finish(): void {
    if (this.#pending.length > 0) throw malformed('the file ends inside a message')
  }
}

interface Frame {
  readonly start: number
  readonly end: number
  /** A field that is no resource. */
  readonly isSkipped: boolean
}

/** The frame that begins with these bytes; undefined if it takes more of them to say. */
function frameAt(bytes: Uint8Array, framing: Framing): Frame | undefined {
  if (framing === 'message') return fieldAt(bytes)
  const prefix = framing === 'u32' ? readU32(bytes) : readVarint(bytes, 0)
  return prefix && { start: prefix.end, end: prefix.end + bounded(prefix.value), isSkipped: false }
}

function fieldAt(bytes: Uint8Array): Frame | undefined {
  const tag = readVarint(bytes, 0)
  if (tag === undefined) return undefined
  const wire = tag.value & 7
  const isSkipped = tag.value !== FIRST_TAG
  if (tag.value < 8 || (isSkipped && tag.value >>> 3 === 1)) throw malformed('no resource begins here')
  if (wire === WIRE_FIXED64) return { start: 0, end: tag.end + 8, isSkipped }
  if (wire === WIRE_FIXED32) return { start: 0, end: tag.end + 4, isSkipped }
  const value = readVarint(bytes, tag.end)
  if (value === undefined) return undefined
  if (wire === WIRE_BYTES) return { start: 0, end: value.end + bounded(value.value), isSkipped }
  if (wire !== 0) throw malformed('a field is a group or of an unknown wire type')
  return { start: 0, end: value.end, isSkipped }
}

function bounded(length: number): number {
  if (length > MAX_OTLP_BYTES) throw tooLarge('bytes in a message', MAX_OTLP_BYTES)
  return length
}

function readU32(bytes: Uint8Array): { readonly value: number; readonly end: number } | undefined {
  if (bytes.length < U32_BYTES) return undefined
  return { value: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), end: U32_BYTES }
}

function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let i = 0; i < MAX_LENGTH_BYTES; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 128 ** i
    if (byte < 0x80) return { value, end: at + i + 1 }
  }
  throw malformed('a length is longer than any message')
}

/** Whether a first message with something in it may stand here in this form. */
function fits(start: Uint8Array, framing: Framing): boolean {
  try {
    const frame = frameAt(start, framing)
    if (frame === undefined || frame.isSkipped || frame.end - frame.start < MIN_MESSAGE_BYTES) return false
    return beginsWithResource(start.subarray(frame.start), frame.end - frame.start)
  } catch {
    return false // broken in this form; the others are tried
  }
}

/** A resource field that ends within the message and begins with one of the three fields that a resource has. */
function beginsWithResource(bytes: Uint8Array, messageBytes: number): boolean {
  if (bytes[0] !== FIRST_TAG) return false
  const length = readVarint(bytes, 1)
  if (length === undefined || length.end + length.value > messageBytes) return false
  const first = bytes[length.end]
  return first === FIRST_TAG || first === CHILD_TAG || first === SCHEMA_URL_TAG
}
