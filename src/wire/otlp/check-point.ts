/**
 * Whether a data point can be placed in a series: one that cannot would be kept and found by nobody, so the door refuses it
 * and says why. Points must have passed the scan. Segments are not judged by this: what was taken before stays readable.
 */
import { OtlpError } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { readFields, readPart } from './read-fields.ts'

/** gauge, sum, histogram, exponential_histogram, summary: each holds its points in field 1. */
export const DATA_TAGS: ReadonlySet<number> = new Set([0x2a, 0x3a, 0x4a, 0x52, 0x5a])
export const POINT_TAG = 0x0a
const HISTOGRAM_TAG = 0x4a
const EXPONENTIAL_TAG = 0x52
/** Least scale of an exponential histogram: one bucket holds all doubles above 1. */
export const MIN_SCALE = -10

/** Checks the point that `reader` is narrowed to, of the kind of data of `dataTag`. @throws {OtlpError} */
export function checkPoint(reader: ProtobufReader, dataTag: number): void {
  let hasTime = false
  let scale = 0
  const buckets = newBuckets()
  readFields(reader, (tag) => {
    if (tag === 0x19) hasTime = reader.fixed64() !== 0n
    else if (dataTag === HISTOGRAM_TAG) return readBuckets(reader, tag, buckets)
    else if (dataTag === EXPONENTIAL_TAG && tag === 0x30) scale = reader.sint32()
    else return false
    return true
  })
  if (!hasTime) throw badPoint('a data point has no time')
  if (scale < MIN_SCALE) throw badPoint(`the scale of an exponential histogram is below ${MIN_SCALE}`)
  if (!buckets.isAscending) throw badPoint('bounds of a histogram are not numbers in ascending order')
  if (buckets.counts > 0 && buckets.counts !== buckets.bounds + 1) {
    throw badPoint('a histogram has not one bucket count more than bounds')
  }
}

/** Whether every point of a metric that has passed the scan, which `reader` is narrowed to, passes {@link checkPoint}. */
export function arePointsSound(reader: ProtobufReader): boolean {
  try {
    readFields(reader, (dataTag) => {
      if (!DATA_TAGS.has(dataTag)) return false
      readPart(reader, (tag) => {
        if (tag !== POINT_TAG) return false
        const outer = reader.enter()
        checkPoint(reader, dataTag)
        reader.leave(outer)
        return true
      })
      return true
    })
    return true
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
    return false
  }
}

interface Buckets {
  counts: number
  bounds: number
  lastBound: number
  isAscending: boolean
}

function newBuckets(): Buckets {
  return { counts: 0, bounds: 0, lastBound: -Infinity, isAscending: true }
}

/** bucket_counts and explicit_bounds, packed or one by one. */
function readBuckets(reader: ProtobufReader, tag: number, buckets: Buckets): boolean {
  if (tag === 0x31) {
    reader.fixed64()
    buckets.counts++
  } else if (tag === 0x32) {
    buckets.counts += reader.view().length / 8
  } else if (tag === 0x39) addBound(buckets, reader.double())
  else if (tag === 0x3a) {
    const outer = reader.enter()
    while (reader.hasMore) addBound(buckets, reader.double())
    reader.leave(outer)
  } else return false
  return true
}

function addBound(buckets: Buckets, bound: number): void {
  buckets.isAscending &&= bound > buckets.lastBound
  buckets.lastBound = bound
  buckets.bounds++
}

function badPoint(message: string): OtlpError {
  return new OtlpError('OTLP_BAD_POINT', message)
}
