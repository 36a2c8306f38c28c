/**
 * `Export{Trace,Logs,Metrics}ServiceResponse`: the body of OTLP's 200. `partial_success` is unset when all was taken, as
 * the specification demands; clients must not retry what it counts.
 */
import { utf8 } from '../../base/bytes.ts'
import type { Signal } from '../../model/lane.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { unnamedOf } from './rejected-tally.ts'
import type { RejectedRecords } from './rows.ts'
import type { OtlpEncoding } from './rpc-status.ts'

const REJECTED_NAME: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

export function encodeExportResponse(
  signal: Signal,
  rejected: RejectedRecords | undefined,
  encoding: OtlpEncoding,
): Uint8Array {
  const errorMessage = rejected && messageOf(rejected)
  if (encoding === 'json') {
    const partialSuccess = rejected && { [REJECTED_NAME[signal]]: String(rejected.count), errorMessage }
    return utf8(JSON.stringify({ partialSuccess }))
  }
  const writer = new ProtobufWriter()
  if (rejected !== undefined && errorMessage !== undefined) {
    const start = writer.open(0x0a)
    writer.integer(0x08, rejected.count)
    writer.text(0x12, errorMessage)
    writer.close(start)
  }
  return writer.finish()
}

/** One reason as it is; several each with how many records it is of. */
function messageOf(rejected: RejectedRecords): string {
  const { code, message, count, reasons } = rejected
  if (reasons.length === 1 && reasons[0]?.count === count) return `${code}: ${message}`
  const unnamed = unnamedOf(rejected)
  const parts = reasons.map((reason) => `${reason.count} x ${reason.code}: ${reason.message}`)
  return [...parts, ...(unnamed > 0 ? [`${unnamed} x other reasons`] : [])].join('; ')
}
