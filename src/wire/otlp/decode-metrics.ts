/** Payload of a metrics segment -> metrics and their points. Bytes that passed the scan never make it throw. */
import type { RecordContext } from './decode-payload.ts'
import { decodePayload } from './decode-payload.ts'
import type { DecodedMetric, MetricData } from './metric-types.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'
import { readExponentialPoint, readHistogramPoint, readNumberPoint, readSummaryPoint } from './read-points.ts'

export function decodeMetrics(payload: Uint8Array): readonly DecodedMetric[] {
  return decodePayload(payload, readMetric)
}

function readMetric(reader: ProtobufReader, context: RecordContext): DecodedMetric {
  let name = ''
  let description = ''
  let unit = ''
  let data: MetricData = { type: 'none' }
  readFields(reader, (tag) => {
    if (tag === 0x0a) name = reader.text()
    else if (tag === 0x12) description = reader.text()
    else if (tag === 0x1a) unit = reader.text()
    else if (tag === 0x2a) data = { type: 'gauge', points: readData(reader, readNumberPoint).points }
    else if (tag === 0x3a) data = { type: 'sum', ...readData(reader, readNumberPoint) }
    else if (tag === 0x4a) data = histogram('histogram', reader, readHistogramPoint)
    else if (tag === 0x52) data = histogram('exponentialHistogram', reader, readExponentialPoint)
    else if (tag === 0x5a) data = { type: 'summary', points: readData(reader, readSummaryPoint).points }
    else return false
    return true
  })
  return { ...context, name, description, unit, data }
}

function histogram<Type extends string, Point>(
  type: Type,
  reader: ProtobufReader,
  readPoint: (reader: ProtobufReader) => Point,
): { type: Type; temporality: number; points: readonly Point[] } {
  const { temporality, points } = readData(reader, readPoint)
  return { type, temporality, points }
}

/** All five kinds of data have their points in field 1; those with more fields number them the same. */
function readData<Point>(
  reader: ProtobufReader,
  readPoint: (reader: ProtobufReader) => Point,
): { points: readonly Point[]; temporality: number; isMonotonic: boolean } {
  const points: Point[] = []
  let temporality = 0
  let isMonotonic = false
  readPart(reader, (tag) => {
    if (tag === 0x0a) points.push(readPoint(reader))
    else if (tag === 0x10) temporality = reader.int32()
    else if (tag === 0x18) isMonotonic = reader.bool()
    else return false
    return true
  })
  return { points, temporality, isMonotonic }
}
