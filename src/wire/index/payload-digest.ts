/** What the payload of a stored segment is found by, whatever its lane. */
import { idBytes } from '../../model/ids.ts'
import type { StoredLane } from '../../model/lane.ts'
import { decodeDocumentRecords, type DocumentRecord } from '../documents/document-record.ts'
import { scanOtlp } from '../otlp/scan.ts'
import { digestOfScan, type Digest } from './digest.ts'
import { traceToken } from './token.ts'

const NANOS_PER_MS = 1_000_000n

/** @throws {WireError} or {OtlpError} for a payload that is none of its lane */
export function digestOfPayload(lane: StoredLane, payload: Uint8Array): Digest {
  if (lane !== 'documents') return digestOfScan(scanOtlp(lane, payload))
  return digestOfDocuments(decodeDocumentRecords(payload))
}

/** Documents are found by the trace they are about, as log records are; they have no spans, so no trace is listed for them. */
export function digestOfDocuments(records: readonly DocumentRecord[]): Digest {
  const times = records.map(({ atUnixMs }) => BigInt(atUnixMs) * NANOS_PER_MS)
  const tokens = new Set(records.map(({ subject }) => traceToken(idBytes(subject))))
  return {
    records: records.length,
    minUnixNano: times.reduce((min, time) => (time < min ? time : min)),
    maxUnixNano: times.reduce((max, time) => (time > max ? time : max)),
    maxDurationNano: 0n,
    traces: [],
    tokens: Uint32Array.from(tokens).sort(),
  }
}
