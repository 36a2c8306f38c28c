/** The four kinds of metric data point, and exemplars. Each reads the length-delimited field whose tag was just read. */
import type { SpanId, TraceId } from '../../model/ids.ts'
import { toSpanId, toTraceId } from '../../model/ids.ts'
import type { Attribute } from './attributes.ts'
import { readAttribute } from './attributes.ts'
import type {
  Exemplar,
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  NumberPoint,
  SummaryPoint,
} from './metric-types.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readPart } from './read-fields.ts'

export function readNumberPoint(reader: ProtobufReader): NumberPoint {
  const attributes: Attribute[] = []
  const exemplars: Exemplar[] = []
  let startUnixNano = 0n
  let timeUnixNano = 0n
  let value: number | bigint | undefined
  let flags = 0
  readPart(reader, (tag) => {
    if (tag === 0x11) startUnixNano = reader.fixed64()
    else if (tag === 0x19) timeUnixNano = reader.fixed64()
    else if (tag === 0x21) value = reader.double()
    else if (tag === 0x2a) exemplars.push(readExemplar(reader))
    else if (tag === 0x31) value = reader.sfixed64()
    else if (tag === 0x3a) attributes.push(readAttribute(reader))
    else if (tag === 0x40) flags = reader.uint32()
    else return false
    return true
  })
  return { attributes, startUnixNano, timeUnixNano, flags, value, exemplars }
}

export function readHistogramPoint(reader: ProtobufReader): HistogramPoint {
  const attributes: Attribute[] = []
  const exemplars: Exemplar[] = []
  const bucketCounts: number[] = []
  const explicitBounds: number[] = []
  let startUnixNano = 0n
  let timeUnixNano = 0n
  let count = 0
  let sum: number | undefined
  let flags = 0
  let min: number | undefined
  let max: number | undefined
  readPart(reader, (tag) => {
    if (tag === 0x11) startUnixNano = reader.fixed64()
    else if (tag === 0x19) timeUnixNano = reader.fixed64()
    else if (tag === 0x21) count = Number(reader.fixed64())
    else if (tag === 0x29) sum = reader.double()
    else if (tag === 0x31) bucketCounts.push(Number(reader.fixed64()))
    else if (tag === 0x32) readPacked(reader, () => bucketCounts.push(Number(reader.fixed64())))
    else if (tag === 0x39) explicitBounds.push(reader.double())
    else if (tag === 0x3a) readPacked(reader, () => explicitBounds.push(reader.double()))
    else if (tag === 0x42) exemplars.push(readExemplar(reader))
    else if (tag === 0x4a) attributes.push(readAttribute(reader))
    else if (tag === 0x50) flags = reader.uint32()
    else if (tag === 0x59) min = reader.double()
    else if (tag === 0x61) max = reader.double()
    else return false
    return true
  })
  const common = { attributes, startUnixNano, timeUnixNano, flags, count, sum, min, max, exemplars }
  return { ...common, bucketCounts, explicitBounds }
}

export function readExponentialPoint(reader: ProtobufReader): ExponentialPoint {
  const attributes: Attribute[] = []
  const exemplars: Exemplar[] = []
  let startUnixNano = 0n
  let timeUnixNano = 0n
  let count = 0
  let sum: number | undefined
  let scale = 0
  let zeroCount = 0
  let positive: ExponentialBuckets = { offset: 0, bucketCounts: [] }
  let negative: ExponentialBuckets = { offset: 0, bucketCounts: [] }
  let flags = 0
  let min: number | undefined
  let max: number | undefined
  let zeroThreshold = 0
  readPart(reader, (tag) => {
    if (tag === 0x0a) attributes.push(readAttribute(reader))
    else if (tag === 0x11) startUnixNano = reader.fixed64()
    else if (tag === 0x19) timeUnixNano = reader.fixed64()
    else if (tag === 0x21) count = Number(reader.fixed64())
    else if (tag === 0x29) sum = reader.double()
    else if (tag === 0x30) scale = reader.sint32()
    else if (tag === 0x39) zeroCount = Number(reader.fixed64())
    else if (tag === 0x42) positive = readBuckets(reader)
    else if (tag === 0x4a) negative = readBuckets(reader)
    else if (tag === 0x50) flags = reader.uint32()
    else if (tag === 0x5a) exemplars.push(readExemplar(reader))
    else if (tag === 0x61) min = reader.double()
    else if (tag === 0x69) max = reader.double()
    else if (tag === 0x71) zeroThreshold = reader.double()
    else return false
    return true
  })
  const common = { attributes, startUnixNano, timeUnixNano, flags, count, sum, min, max, exemplars }
  return { ...common, scale, zeroCount, zeroThreshold, positive, negative }
}

function readBuckets(reader: ProtobufReader): ExponentialBuckets {
  const bucketCounts: number[] = []
  let offset = 0
  readPart(reader, (tag) => {
    if (tag === 0x08) offset = reader.sint32()
    else if (tag === 0x10) bucketCounts.push(Number(reader.uint64()))
    else if (tag === 0x12) readPacked(reader, () => bucketCounts.push(Number(reader.uint64())))
    else return false
    return true
  })
  return { offset, bucketCounts }
}

export function readSummaryPoint(reader: ProtobufReader): SummaryPoint {
  const attributes: Attribute[] = []
  const quantiles: { quantile: number; value: number }[] = []
  let startUnixNano = 0n
  let timeUnixNano = 0n
  let count = 0
  let sum = 0
  let flags = 0
  readPart(reader, (tag) => {
    if (tag === 0x11) startUnixNano = reader.fixed64()
    else if (tag === 0x19) timeUnixNano = reader.fixed64()
    else if (tag === 0x21) count = Number(reader.fixed64())
    else if (tag === 0x29) sum = reader.double()
    else if (tag === 0x32) quantiles.push(readQuantile(reader))
    else if (tag === 0x3a) attributes.push(readAttribute(reader))
    else if (tag === 0x40) flags = reader.uint32()
    else return false
    return true
  })
  return { attributes, startUnixNano, timeUnixNano, flags, count, sum, quantiles }
}

function readQuantile(reader: ProtobufReader): { quantile: number; value: number } {
  let quantile = 0
  let value = 0
  readPart(reader, (tag) => {
    if (tag === 0x09) quantile = reader.double()
    else if (tag === 0x11) value = reader.double()
    else return false
    return true
  })
  return { quantile, value }
}

function readExemplar(reader: ProtobufReader): Exemplar {
  const attributes: Attribute[] = []
  let timeUnixNano = 0n
  let value: number | bigint | undefined
  let traceId: TraceId | undefined
  let spanId: SpanId | undefined
  readPart(reader, (tag) => {
    if (tag === 0x11) timeUnixNano = reader.fixed64()
    else if (tag === 0x19) value = reader.double()
    else if (tag === 0x22) spanId = toSpanId(reader.view())
    else if (tag === 0x2a) traceId = toTraceId(reader.view())
    else if (tag === 0x31) value = reader.sfixed64()
    else if (tag === 0x3a) attributes.push(readAttribute(reader))
    else return false
    return true
  })
  return { attributes, timeUnixNano, value, traceId, spanId }
}

function readPacked(reader: ProtobufReader, readOne: () => void): void {
  const outer = reader.enter()
  while (reader.hasMore) readOne()
  reader.leave(outer)
}
