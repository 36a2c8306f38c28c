/**
 * What an export is asked by, read off one record: its trace, and when it was. Other fields are passed over. Records must
 * have passed the scan; others may throw OtlpError.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { Signal } from '../../model/lane.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'

/** Both ends included. A metric has those of its points, everything else one moment. 0 is a time that is not known. */
export interface RecordTimes {
  readonly firstUnixNano: bigint
  readonly lastUnixNano: bigint
}

/** A span is where it starts; a log record where it was made, else observed. */
export function readRecordTimes(signal: Signal, record: Uint8Array): RecordTimes {
  switch (signal) {
    case 'traces':
      return moment(readTime(record, 0x39))
    case 'logs':
      return moment(readTime(record, 0x09) || readTime(record, 0x59))
    case 'metrics':
      return readPointTimes(record)
  }
}

/** Whether a span or a log record is of the trace with these bytes for an id; a metric is of none. */
export function isOfTrace(signal: Signal, record: Uint8Array, traceId: Uint8Array): boolean {
  if (signal === 'metrics') return false
  const traceIdTag = signal === 'traces' ? 0x0a : 0x4a
  const reader = new ProtobufReader(record)
  let found: Uint8Array | undefined
  readFields(reader, (tag) => {
    if (tag !== traceIdTag) return false
    found = reader.view()
    return true
  })
  return found !== undefined && equalBytes(found, traceId)
}

function moment(time: bigint): RecordTimes {
  return { firstUnixNano: time, lastUnixNano: time }
}

/** A fixed64 field; the last one counts. */
function readTime(record: Uint8Array, timeTag: number): bigint {
  const reader = new ProtobufReader(record)
  let time = 0n
  readFields(reader, (tag) => {
    if (tag !== timeTag) return false
    time = reader.fixed64()
    return true
  })
  return time
}

/** gauge, sum, histogram, exponential histogram, summary: each holds its points in field 1. */
const DATA_TAGS: ReadonlySet<number> = new Set([0x2a, 0x3a, 0x4a, 0x52, 0x5a])

function readPointTimes(record: Uint8Array): RecordTimes {
  const reader = new ProtobufReader(record)
  const times = { firstUnixNano: 0n, lastUnixNano: 0n }
  readFields(reader, (dataTag) => {
    if (!DATA_TAGS.has(dataTag)) return false
    readPart(reader, (tag) => {
      if (tag !== 0x0a) return false
      readPart(reader, (pointTag) => {
        if (pointTag !== 0x19) return false
        addTime(times, reader.fixed64())
        return true
      })
      return true
    })
    return true
  })
  return times
}

/** Points without a time do not count. */
function addTime(times: { firstUnixNano: bigint; lastUnixNano: bigint }, time: bigint): void {
  if (time === 0n) return
  if (times.firstUnixNano === 0n || time < times.firstUnixNano) times.firstUnixNano = time
  if (time > times.lastUnixNano) times.lastUnixNano = time
}
