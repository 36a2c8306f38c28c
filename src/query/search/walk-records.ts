/**
 * Walks a payload's resources, scopes and records where they lie, without making an object of any. The payload passed the
 * scan when it came in; one that was altered since may throw OtlpError, never anything else.
 */
import { CHILD_TAG, FIRST_TAG } from '../../wire/otlp/container.ts'
import { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'

/** Each is called with the reader narrowed to what it is about, and may leave it anywhere. */
export interface RecordVisitor {
  /** The resource's own message, empty if it has none. @returns whether its records are to be walked */
  resource(reader: ProtobufReader): boolean
  /** The scope's own message, empty if it has none. */
  scope(reader: ProtobufReader): void
  record(reader: ProtobufReader): void
}

export function walkRecords(payload: Uint8Array, visitor: RecordVisitor): void {
  const reader = new ProtobufReader(payload)
  eachField(reader, 0, payload.length, FIRST_TAG, (start, end) => {
    seekHead(reader, start, end)
    if (visitor.resource(reader)) eachField(reader, start, end, CHILD_TAG, walkScope)
  })
  function walkScope(start: number, end: number): void {
    seekHead(reader, start, end)
    visitor.scope(reader)
    eachField(reader, start, end, CHILD_TAG, walkRecord)
  }
  function walkRecord(start: number, end: number): void {
    reader.seek(start, end)
    visitor.record(reader)
  }
}

/** Calls `visit` with the range of every field of this tag between `start` and `end`. */
function eachField(
  reader: ProtobufReader,
  start: number,
  end: number,
  tag: number,
  visit: (start: number, end: number) => void,
): void {
  reader.seek(start, end)
  while (reader.hasMore) {
    const found = reader.tag()
    if (found !== tag) {
      reader.skip(found & 7)
      continue
    }
    reader.enter()
    const next = reader.end
    visit(reader.pos, next)
    reader.seek(next, end)
  }
}

/** To the first field 1: the scan lets none in with two. */
function seekHead(reader: ProtobufReader, start: number, end: number): void {
  reader.seek(start, end)
  while (reader.hasMore) {
    const tag = reader.tag()
    if (tag === FIRST_TAG) {
      reader.enter()
      return
    }
    reader.skip(tag & 7)
  }
}
