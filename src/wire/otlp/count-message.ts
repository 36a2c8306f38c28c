/**
 * How many records a message holds, by its framing alone: for whoever has to know before it is worth reading. Never throws;
 * of a message that is broken, or has more than anybody may send, as many as were met.
 */
import type { Signal } from '../../model/lane.ts'
import { CHILD_TAG, FIRST_TAG, readRange } from './container.ts'
import { MAX_RECORDS } from './limits.ts'
import { OtlpError } from './otlp-error.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { countRecords } from './scan-metric.ts'

/** Most fields that are looked at: hostile ones are two bytes each. */
export const MAX_COUNTED_FIELDS = MAX_RECORDS

/** At least 1. */
export function countMessage(signal: Signal, bytes: Uint8Array): number {
  const count = { records: 0, fieldsLeft: MAX_COUNTED_FIELDS }
  try {
    countBelow(new ProtobufReader(bytes), [FIRST_TAG, CHILD_TAG, CHILD_TAG], signal, count)
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
  }
  return Math.max(1, count.records)
}

/** @param tags those of the levels that are left: resources, scopes, records */
function countBelow(
  reader: ProtobufReader,
  [tag, ...below]: readonly number[],
  signal: Signal,
  count: { records: number; fieldsLeft: number },
): void {
  for (; reader.hasMore && count.fieldsLeft > 0; count.fieldsLeft--) {
    const start = reader.pos
    const met = reader.tag()
    if (met !== tag) reader.skip(met & 7)
    else if (below.length === 0) {
      const outer = reader.end
      const record = readRange(reader, start)
      count.records += countRecords(signal, reader, record)
      reader.seek(record.end, outer)
    } else {
      const outer = reader.enter()
      countBelow(reader, below, signal, count)
      reader.leave(outer)
    }
  }
}
