/**
 * One metric -> its row, checking all of it in the same pass. Throws OtlpError for one that must not be kept; tags are
 * `field << 3 | wire type`. Metrics are few beside spans and logs, so this goes by the schema.
 */
import type { Signal } from '../../model/lane.ts'
import { addBytes, finish, NAME_STATE } from '../index/token.ts'
import { checkMessage, checkPart, newBudget, type Budget } from './check-message.ts'
import { DATA_TAGS, POINT_TAG } from './check-point.ts'
import type { Columns } from './columns.ts'
import type { FieldRange } from './container.ts'
import { MAX_UNIX_NANO } from './limits.ts'
import { malformed, OtlpError } from './otlp-error.ts'
import type { ProtobufReader } from './protobuf-reader.ts'
import { METRIC } from './schema.ts'

/** Fills the row at `columns.count`. @returns false for a metric without points: it says nothing, and has no row */
export function scanMetric(reader: ProtobufReader, columns: Columns): boolean {
  const { name, points, minTimeUnixNano, maxTimeUnixNano } = checkMetric(reader)
  if (points === 0) return false
  const row = columns.count
  columns.weight[row] = points
  columns.fromLow[row] = Number(BigInt.asUintN(32, minTimeUnixNano))
  columns.fromHigh[row] = Number(minTimeUnixNano >> 32n)
  columns.toLow[row] = Number(BigInt.asUintN(32, maxTimeUnixNano))
  columns.toHigh[row] = Number(maxTimeUnixNano >> 32n)
  columns.addToken(finish(addBytes(NAME_STATE, name)))
  return true
}

/** Checks all of a metric. @throws {OtlpError} if it must not be kept as it is */
export function checkMetric(reader: ProtobufReader): CheckedMetric {
  const budget = newBudget()
  const found = { name: NO_NAME, points: 0, minTimeUnixNano: 0n, maxTimeUnixNano: 0n }
  let data = 0
  checkMessage(reader, METRIC, budget, (tag) => {
    if (tag === 0x0a) {
      found.name = reader.textBytes()
      return true
    }
    if (!DATA_TAGS.has(tag)) return false
    if (data !== 0) throw malformed('a metric has more than one kind of data')
    data = tag
    checkPart(reader, budget, () => scanData(reader, tag, budget, found))
    return true
  })
  return found
}

const NO_NAME: Uint8Array = new Uint8Array()

interface CheckedMetric extends Points {
  readonly name: Uint8Array
}

/** Times are 0 while no point has one; points without one do not count. */
interface Points {
  points: number
  minTimeUnixNano: bigint
  maxTimeUnixNano: bigint
}

function scanData(reader: ProtobufReader, dataTag: number, budget: Budget, found: Points): void {
  const data = METRIC.fields[dataTag >>> 3]?.message
  const point = data?.fields[1]?.message
  if (data === undefined || point === undefined) throw malformed('not a kind of data')
  checkMessage(reader, data, budget, (tag) => {
    if (tag !== POINT_TAG) return false
    checkPart(reader, budget, () =>
      checkMessage(reader, point, budget, (pointTag) => {
        if (pointTag !== 0x19) return false // time_unix_nano, the same in every kind of point
        addTime(found, readTime(reader))
        return true
      }),
    )
    found.points++
    return true
  })
}

function addTime(found: Points, time: bigint): void {
  if (time === 0n) return
  if (found.minTimeUnixNano === 0n || time < found.minTimeUnixNano) found.minTimeUnixNano = time
  if (time > found.maxTimeUnixNano) found.maxTimeUnixNano = time
}

/** A time_unix_nano. @throws {OtlpError} past the year 2262 */
export function readTime(reader: ProtobufReader): bigint {
  const time = reader.fixed64()
  if (time > MAX_UNIX_NANO) throw new OtlpError('OTLP_BAD_TIME', 'a time lies past the year 2262')
  return time
}

/**
 * How many records a rejected field stands for: 1, or for a metric its points as far as they can be counted, at least 1.
 * Never throws.
 */
export function countRecords(signal: Signal, reader: ProtobufReader, field: FieldRange): number {
  if (signal !== 'metrics') return 1
  let points = 0
  try {
    reader.seek(field.content, field.end)
    while (reader.hasMore) {
      const tag = reader.tag()
      if (!DATA_TAGS.has(tag)) {
        reader.skip(tag & 7)
        continue
      }
      const outer = reader.enter()
      while (reader.hasMore) {
        const inner = reader.tag()
        reader.skip(inner & 7)
        if (inner === POINT_TAG) points++
      }
      reader.leave(outer)
    }
  } catch (err) {
    if (!(err instanceof OtlpError)) throw err
  }
  return Math.max(1, points)
}
