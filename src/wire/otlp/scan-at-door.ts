/**
 * The scan of what this device is sent: as scanOtlp, but of metrics only what is bad is left out, point by point, and a
 * point that no series could hold is bad too. Segments, whoever made them, are judged by scanOtlp alone.
 */
import type { Signal } from '../../model/lane.ts'
import { arePointsSound } from './check-point.ts'
import { Columns } from './columns.ts'
import { mendMetrics } from './mend-metrics.ts'
import { ProtobufReader } from './protobuf-reader.ts'
import { addRejected } from './rejected-tally.ts'
import type { Scan } from './rows.ts'
import { scanOtlp } from './scan.ts'

/** @param columns to be filled, as with scanOtlp @throws {OtlpError} if the message as a whole cannot be read */
export function scanAtDoor(signal: Signal, bytes: Uint8Array, columns = new Columns(bytes)): Scan {
  const scan = scanOtlp(signal, bytes, columns)
  if (signal !== 'metrics' || (scan.rejected === undefined && areAllSound(columns))) return scan
  const mended = mendMetrics(bytes)
  columns.reuse(mended.bytes)
  const again = scanOtlp(signal, mended.bytes, columns)
  return { ...again, rejected: addRejected(mended.rejected, again.rejected) }
}

function areAllSound({ bytes, start, end, count }: Columns): boolean {
  const reader = new ProtobufReader(bytes)
  for (let row = 0; row < count; row++) {
    reader.seek(start[row] as number, end[row] as number)
    reader.tag()
    reader.enter()
    if (!arePointsSound(reader)) return false
  }
  return true
}
