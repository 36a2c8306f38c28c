/**
 * `Export{Trace,Logs,Metrics}ServiceResponse`: the body of OTLP's 200. `partial_success` is unset when all was taken, as
 * the specification demands; clients must not retry what it counts.
 */
import { utf8 } from '../../base/bytes.ts'
import type { Signal } from '../../model/lane.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
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
  const errorMessage = rejected && `${rejected.code}: ${rejected.message}`
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
