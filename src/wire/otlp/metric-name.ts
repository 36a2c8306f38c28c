/** The name of a Metric message: its last, as protobuf has it. */
import type { ProtobufReader } from './protobuf-reader.ts'

const NAME_TAG = 0x0a

/** @param reader within the message; at its end afterwards @returns a view of the name's bytes, not a copy */
export function readMetricName(reader: ProtobufReader): Uint8Array {
  let name: Uint8Array = new Uint8Array()
  while (reader.hasMore) {
    const tag = reader.tag()
    if (tag === NAME_TAG) name = reader.view()
    else reader.skip(tag & 7)
  }
  return name
}
