/** When the points of a metric were: from the first to the last. Metrics must have passed the scan; others may throw OtlpError. */
import { DATA_TAGS, POINT_TAG } from './check-point.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'

/** Both ends included; 0 when no point has a time. */
export interface MetricTimes {
  readonly firstUnixNano: bigint
  readonly lastUnixNano: bigint
}

/** time_unix_nano, the same in every kind of point. */
const TIME_TAG = 0x19

export function readMetricTimes(metric: Uint8Array): MetricTimes {
  const reader = new ProtobufReader(metric)
  const times = { firstUnixNano: 0n, lastUnixNano: 0n }
  readFields(reader, (dataTag) => {
    if (!DATA_TAGS.has(dataTag)) return false
    readPart(reader, (tag) => {
      if (tag !== POINT_TAG) return false
      readPart(reader, (pointTag) => {
        if (pointTag !== TIME_TAG) return false
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
