/** The loop every decoder is: hand out tags, pass over what nobody took. */
import type { ProtobufReader } from './protobuf-reader.ts'

/** Reads what `reader` is narrowed to. `take` answers true when it has read the field's value. */
export function readFields(reader: ProtobufReader, take: (tag: number) => boolean): void {
  while (reader.hasMore) {
    const tag = reader.tag()
    if (!take(tag)) reader.skip(tag & 7)
  }
}

/** The same for the length-delimited field whose tag has just been read. */
export function readPart(reader: ProtobufReader, take: (tag: number) => boolean): void {
  const outer = reader.enter()
  readFields(reader, take)
  reader.leave(outer)
}
