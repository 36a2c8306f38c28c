/**
 * Log records of a time range or a trace, from every device that lets us see its logs (docs/spec/query.md QU14).
 * Each record once, oldest first; of too many, the newest are listed and the rest counted.
 */
import { toHex } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import { decodeLogRecords, type DecodedLogRecord } from '../wire/otlp/decode-logs.ts'
import { attributesToJson, attributeToJson, type JsonValue } from './attributes-to-json.ts'
import { compareText, isBetterCopy } from './compare-copies.ts'
import { decodeChunk } from './decode-chunk.ts'
import { deviceName } from './device-name.ts'
import { severityWord, type SeverityWord } from './otel-words.ts'
import { traceClocks, type TraceClocks } from './trace-order.ts'
import type { Evidence, MeshKnowledge, StoredChunk } from './trace-source.ts'

/** Lines when the caller names no limit: a few screens. */
export const DEFAULT_LOG_LIMIT = 200
/** Most lines in one answer. */
export const MAX_LOG_LIMIT = 5000

export interface LogFilter {
  /** Recorded at or after, on the recording device's clock. */
  readonly fromUnixNano?: bigint | undefined
  /** Recorded before. */
  readonly toUnixNano?: bigint | undefined
  readonly traceId?: TraceId | undefined
}

export interface LogSource {
  /** Every stored chunk that may hold a matching record; others' records in it are left out here. */
  logChunks(filter: LogFilter): readonly StoredChunk[]
}

export interface LogLine {
  /** As recorded; the time of observation where the program gave none. */
  readonly timeUnixNano: string
  readonly severity: SeverityWord
  readonly severityNumber: number
  readonly body: string
  readonly traceId: TraceId | null
  readonly spanId: SpanId | null
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly module: string
  readonly provenance: Evidence
  readonly attributes: { readonly [key: string]: JsonValue }
}

export interface LogList {
  readonly logs: readonly LogLine[]
  readonly omitted: number
  readonly unreadableChunks: number
}

export interface ListLogsDeps {
  readonly source: LogSource
  readonly knowledge: MeshKnowledge
  readonly sha256: Sha256
}

/** `limit` is brought into 1..{@link MAX_LOG_LIMIT}. */
export function listLogs(filter: LogFilter, deps: ListLogsDeps, limit: number = DEFAULT_LOG_LIMIT): LogList {
  const wanted = Math.min(Math.max(Math.trunc(limit) || DEFAULT_LOG_LIMIT, 1), MAX_LOG_LIMIT)
  const clocks = traceClocks(deps.knowledge)
  const unique = new Map<string, CollectedLog>()
  let unreadableChunks = 0
  for (const chunk of deps.source.logChunks(filter)) {
    const decoded = decodeChunk(chunk, decodeLogRecords)
    if (decoded === undefined) unreadableChunks++
    for (const record of decoded ?? []) {
      if (!matches(record, filter)) continue
      const log = locate(record, chunk, deps.sha256, clocks)
      const known = unique.get(log.key)
      if (known === undefined || isBetterCopy(log, known)) unique.set(log.key, log)
    }
  }
  const logs = [...unique.values()].sort(compareLogs)
  const listed = logs.slice(-wanted)
  return {
    logs: listed.map((log) => describe(log, deps.knowledge)),
    omitted: logs.length - listed.length,
    unreadableChunks,
  }
}

interface CollectedLog {
  readonly record: DecodedLogRecord
  readonly deviceId: DeviceId
  readonly module: string
  readonly evidence: Evidence
  readonly correctedTime: bigint
  /** Device and content; the content holds trace and span id. */
  readonly key: string
}

function timeOf(record: DecodedLogRecord): bigint {
  return record.timeUnixNano === 0n ? record.observedUnixNano : record.timeUnixNano
}

function matches(record: DecodedLogRecord, { fromUnixNano, toUnixNano, traceId }: LogFilter): boolean {
  if (traceId !== undefined && record.traceId !== traceId) return false
  const time = timeOf(record)
  return (fromUnixNano === undefined || time >= fromUnixNano) && (toUnixNano === undefined || time < toUnixNano)
}

function locate(record: DecodedLogRecord, chunk: StoredChunk, sha256: Sha256, clocks: TraceClocks): CollectedLog {
  return {
    record,
    deviceId: chunk.deviceId,
    module: chunk.module,
    evidence: chunk.provenance,
    correctedTime: clocks.corrected(chunk.deviceId, timeOf(record)),
    key: `${chunk.deviceId} ${toHex(sha256(record.recordBytes))}`,
  }
}

function compareLogs(a: CollectedLog, b: CollectedLog): number {
  if (a.correctedTime !== b.correctedTime) return a.correctedTime < b.correctedTime ? -1 : 1
  return compareText(a.key, b.key)
}

function describe(log: CollectedLog, knowledge: MeshKnowledge): LogLine {
  const { record } = log
  return {
    timeUnixNano: timeOf(record).toString(),
    severity: severityWord(record.severityNumber),
    severityNumber: record.severityNumber,
    body: bodyText(record),
    traceId: record.traceId ?? null,
    spanId: record.spanId ?? null,
    deviceId: log.deviceId,
    deviceName: deviceName(log.deviceId, knowledge),
    module: log.module,
    provenance: log.evidence,
    attributes: attributesToJson(record.attributes),
  }
}

/** A body that is not text is written as JSON; a record without one is an event known by its name. */
function bodyText({ body, eventName }: DecodedLogRecord): string {
  if (typeof body === 'string') return body
  return body === null ? eventName : JSON.stringify(attributeToJson(body))
}
