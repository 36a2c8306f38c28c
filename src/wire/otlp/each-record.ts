/** The records of a payload in order, whatever its signal, without building anything around them: resources and scopes are passed over. */
import { CHILD_TAG, FIRST_TAG } from './container.ts'
import { ProtobufReader } from './protobuf-reader.ts'

/** Calls `read` with the reader narrowed to each record's message. @throws OtlpError where framing is broken, after the records before */
export function eachRecord(payload: Uint8Array, read: (reader: ProtobufReader) => void): void {
  const reader = new ProtobufReader(payload)
  eachChild(reader, FIRST_TAG, () =>
    eachChild(reader, CHILD_TAG, () => eachChild(reader, CHILD_TAG, () => read(reader))),
  )
}

function eachChild(reader: ProtobufReader, wanted: number, visit: () => void): void {
  while (reader.hasMore) {
    const tag = reader.tag()
    if (tag !== wanted) {
      reader.skip(tag & 7)
      continue
    }
    const outer = reader.enter()
    const end = reader.end
    visit()
    reader.seek(end, end)
    reader.leave(outer)
  }
}
