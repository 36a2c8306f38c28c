/**
 * The two levels around records, which are laid out the same in every signal:
 * 1 head message (resource or scope), 2 children (scopes or records), 3 schema URL. Only framing is read here.
 */
import { malformed, tooLarge } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { WIRE_BYTES } from './protobuf-reader.ts'

/** Tag of a resource in the data message, and of the head in a container. */
export const FIRST_TAG = (1 << 3) | WIRE_BYTES
/** Tag of a scope in a resource, and of a record in a scope. */
export const CHILD_TAG = (2 << 3) | WIRE_BYTES
const SCHEMA_URL_TAG = (3 << 3) | WIRE_BYTES
const LAST_OWN_FIELD = 3

export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A field in the bytes: tag at `start`, value at `content`, both up to `end`. */
export interface FieldRange extends ByteRange {
  readonly content: number
}

export interface Container extends FieldRange {
  /** The resource or scope message, if there is one. */
  readonly head: FieldRange | undefined
  readonly schemaUrl: FieldRange | undefined
  readonly children: readonly FieldRange[]
  /** Every field but the children, in order, neighbours joined: what travels with any choice of children. */
  readonly others: readonly ByteRange[]
  readonly othersBytes: number
  /** More than one head or schema URL: which one the records belong to cannot be told. */
  readonly isAmbiguous: boolean
}

/** Reads the value of a length-delimited field whose tag, at `start`, has just been read, and moves behind it. */
export function readRange(reader: ProtobufReader, start: number): FieldRange {
  const outer = reader.enter()
  const range = { start, content: reader.pos, end: reader.end }
  reader.leave(outer)
  return range
}

/** @throws OtlpError when framing is broken, or there are more than `maxChildren`. */
export function readContainer(reader: ProtobufReader, field: FieldRange, maxChildren: number): Container {
  const children: FieldRange[] = []
  const others: ByteRange[] = []
  let head: FieldRange | undefined
  let schemaUrl: FieldRange | undefined
  let isAmbiguous = false
  reader.seek(field.content, field.end)
  while (reader.hasMore) {
    const start = reader.pos
    const tag = reader.tag()
    if (tag === CHILD_TAG) {
      if (children.length === maxChildren) throw tooLarge('children in one message', maxChildren)
      children.push(readRange(reader, start))
      continue
    }
    const other = readOther(reader, start, tag)
    join(others, other)
    if (tag === SCHEMA_URL_TAG) {
      isAmbiguous ||= schemaUrl !== undefined
      schemaUrl = other
    } else if (tag === FIRST_TAG) {
      isAmbiguous ||= head !== undefined
      head = other
    }
  }
  const othersBytes = others.reduce((sum, range) => sum + range.end - range.start, 0)
  return { ...field, head, schemaUrl, children, others, othersBytes, isAmbiguous }
}

function readOther(reader: ProtobufReader, start: number, tag: number): FieldRange {
  if ((tag & 7) === WIRE_BYTES) return readRange(reader, start)
  if (tag >>> 3 <= LAST_OWN_FIELD) throw malformed('a resource or scope field has the wrong wire type')
  const content = reader.pos
  reader.skip(tag & 7)
  return { start, content, end: reader.pos }
}

/** Appends `range`, as one with the last when it follows directly: hostile runs of tiny fields stay one range. */
function join(ranges: ByteRange[], range: ByteRange): void {
  const last = ranges.at(-1)
  if (last?.end === range.start) ranges[ranges.length - 1] = { start: last.start, end: range.end }
  else ranges.push({ start: range.start, end: range.end })
}
