/**
 * The one door in for records made on this device: what may be kept, of whom, cut to fit a segment.
 *
 * The source names itself nowhere: a bus module's name is its credential's, and an OTLP source, which proves nothing, is
 * `otlp/<service.name>`. Records the stage does not collect are counted and go no further.
 */
import { utf8 } from '../base/bytes.ts'
import {
  MAX_MODULE_NAME_BYTES,
  MAX_OTLP_SOURCES_PER_LANE,
  OTLP_OTHER,
  OTLP_PREFIX,
  type Signal,
} from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import { decideAdmission } from '../policy/stage-gate.ts'
import type { RejectedRecords, Row } from '../wire/otlp/rows.ts'
import { scanOtlp } from '../wire/otlp/scan.ts'
import { splitResource } from '../wire/otlp/split.ts'

export type Origin =
  | { readonly kind: 'bus'; readonly module: string }
  | { readonly kind: 'otlp' }
  | { readonly kind: 'agent'; readonly module: string }

export interface AdmitRequest {
  readonly signal: Signal
  /** OTLP protobuf: TracesData, LogsData or MetricsData. */
  readonly bytes: Uint8Array
  readonly origin: Origin
  readonly stage: Stage
  /** OTLP names this lane already has. */
  readonly knownSources: ReadonlySet<string>
}
export interface AdmittedChunk {
  readonly lane: Signal
  readonly module: string
  readonly payload: Uint8Array
  readonly rows: readonly Row[]
}
export interface Admitted {
  readonly chunks: readonly AdmittedChunk[]
  readonly accepted: number
  /** Records that were malformed: the sender is told. */
  readonly rejected: RejectedRecords | undefined
  /** Records this stage does not collect. */
  readonly dropped: number
}

/** A chunk holds at most this many records, so that a run of segments on the wire stays small. */
export const MAX_CHUNK_RECORDS = 1024
/** A chunk holds at most this many bytes, for the same reason; a larger record has a chunk of its own. */
export const MAX_CHUNK_BYTES = 262_144
const UNKNOWN_SERVICE = 'unknown_service'

/** @throws {OtlpError} if the message as a whole cannot be read; a bad record is only counted. */
export function admit(request: AdmitRequest): Admitted {
  const { signal, bytes, origin, stage } = request
  const scan = scanOtlp(signal, bytes)
  const sources = new Set(request.knownSources)
  const keep = (row: Row): boolean =>
    decideAdmission(stage, { lane: signal, severityNumber: severityOf(row), origin: origin.kind }).admit
  const chunks = scan.resources.flatMap((resource) => {
    const module = origin.kind === 'otlp' ? otlpSource(resource.serviceName, sources) : origin.module
    return splitResource(signal, bytes, resource, keep, {
      maxRecords: MAX_CHUNK_RECORDS,
      maxBytes: MAX_CHUNK_BYTES,
    }).map(({ bytes: payload, rows }) => ({ lane: signal, module, payload, rows }))
  })
  const accepted = chunks.reduce((sum, { rows }) => sum + countRecords(rows), 0)
  return { chunks, accepted, rejected: scan.rejected, dropped: scan.accepted - accepted }
}

/** Points for metrics, records for the rest: what OTLP counts. */
export function countRecords(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + (row.kind === 'metric' ? row.points : 1), 0)
}

function severityOf(row: Row): number | undefined {
  return row.kind === 'log' ? row.severityNumber : undefined
}

function otlpSource(serviceName: string | undefined, sources: Set<string>): string {
  const name = OTLP_PREFIX + printable(serviceName ?? UNKNOWN_SERVICE)
  if (!sources.has(name) && (sources.size >= MAX_OTLP_SOURCES_PER_LANE || name === OTLP_PREFIX)) return OTLP_OTHER
  sources.add(name)
  return name
}

/** The name without control and format characters, cut between characters to what a module name may hold. */
function printable(name: string): string {
  const text = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').trim()
  let end = 0
  let bytes = OTLP_PREFIX.length
  for (const character of text) {
    bytes += utf8(character).length
    if (bytes > MAX_MODULE_NAME_BYTES) break
    end += character.length
  }
  return text.slice(0, end)
}
