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
import type { Delivery } from '../model/delivery.ts'
import type { Stage } from '../model/stage.ts'
import { decideAdmission, type RecordKind } from '../policy/stage-gate.ts'
import { digestOf, type Digest } from '../wire/index/digest.ts'
import { Columns, type RowList } from '../wire/otlp/columns.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'
import { addRejected } from '../wire/otlp/rejected-tally.ts'
import { readMetricName } from '../wire/otlp/metric-name.ts'
import { ProtobufReader } from '../wire/otlp/protobuf-reader.ts'
import { scanAtDoor } from '../wire/otlp/scan-at-door.ts'
import { splitResource } from '../wire/otlp/split.ts'
import { confine } from './confine.ts'
import type { PluginBounds } from './plugin-bounds.ts'
import { withMalformed, type PluginRefusalCounts } from './refusal-count.ts'

export type Origin =
  | {
      readonly kind: 'bus'
      readonly module: string
      readonly delivery?: Delivery | undefined
      /** Of a plugin: what it may record, and how many records are left of its rate. */
      readonly plugin?: { readonly bounds: PluginBounds; readonly maxRecords: number } | undefined
    }
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
  readonly digest: Digest
}
export interface Admitted {
  readonly chunks: readonly AdmittedChunk[]
  readonly accepted: number
  /** Records that were malformed: the sender is told. */
  readonly rejected: RejectedRecords | undefined
  /** Records this stage does not collect. */
  readonly dropped: number
  /** What a plugin may not, records and details of records; and how many of its records were looked at. */
  readonly refusals?: PluginRefusalCounts | undefined
  readonly spent?: number | undefined
}

/** A chunk holds at most this many records, so that a run of segments on the wire stays small. */
export const MAX_CHUNK_RECORDS = 1024
/** A chunk holds at most this many bytes, for the same reason; a larger record has a chunk of its own. */
export const MAX_CHUNK_BYTES = 262_144
const CHUNK_LIMITS = { maxRecords: MAX_CHUNK_RECORDS, maxBytes: MAX_CHUNK_BYTES }
const UNKNOWN_SERVICE = 'unknown_service'

/** @throws {OtlpError} if the message as a whole cannot be read; a bad record is only counted. */
export function admit(request: AdmitRequest): Admitted {
  const { signal, bytes, origin } = request
  const plugin = origin.kind === 'bus' ? origin.plugin : undefined
  if (plugin === undefined) return admitScanned(request)
  const { bytes: allowed, rejected, refusals, spent } = confine(signal, bytes, plugin.bounds, plugin.maxRecords)
  const admitted = admitScanned({ ...request, bytes: allowed })
  return {
    ...admitted,
    rejected: addRejected(rejected, admitted.rejected),
    refusals: withMalformed(refusals, admitted.rejected),
    spent,
  }
}

function admitScanned(request: AdmitRequest): Admitted {
  const { signal, bytes, origin } = request
  const { columns, resources, accepted: scanned, rejected } = scanAtDoor(signal, bytes, columnsFor(bytes))
  const sources = new Set(request.knownSources)
  const keep = recordGate(request, columns)
  let accepted = 0
  const chunks = resources.flatMap((resource) => {
    const module = origin.kind === 'otlp' ? otlpSource(resource.serviceName, sources) : origin.module
    return splitResource(columns, resource, keep, CHUNK_LIMITS).map((chunk) => {
      accepted += weightOf(columns, chunk.rows)
      const digest = digestOf(columns, chunk.rows, chunk.sharedTokens)
      return { lane: signal, module, payload: chunk.bytes, digest }
    })
  })
  return { chunks, accepted, rejected, dropped: scanned - accepted }
}

/** Columns that are used again and again: those of one message weigh as much as the message. */
let spare = new Columns(new Uint8Array())
/** Rows beyond which columns are given back to the system. */
const MAX_SPARE_ROWS = 16_384

function columnsFor(bytes: Uint8Array): Columns {
  if (spare.start.length > MAX_SPARE_ROWS) spare = new Columns(bytes)
  spare.reuse(bytes)
  return spare
}

/** Whether the stage collects a record. Logs are judged one by one, by their severity; metrics by their names where these count. */
function recordGate({ signal, stage, origin }: AdmitRequest, columns: Columns): (row: number) => boolean {
  const admits = (more: Pick<RecordKind, 'severityNumber' | 'name'> = {}): boolean =>
    decideAdmission(stage, { lane: signal, origin: origin.kind, ...more }).admit
  if (signal === 'logs') return (row) => admits({ severityNumber: columns.level[row] })
  if (signal === 'metrics' && !admits()) return (row) => admits({ name: metricName(columns, row) })
  const isAdmitted = admits()
  return () => isAdmitted
}

/** A byte order mark is part of a name. */
const nameDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Of a row of metrics: the name that the scan has checked. */
function metricName({ bytes, start, end }: Columns, row: number): string {
  const reader = new ProtobufReader(bytes, start[row], end[row])
  reader.tag()
  reader.enter()
  return nameDecoder.decode(readMetricName(reader))
}

/** Points for metrics, records for the rest: what OTLP counts. */
function weightOf({ weight }: Columns, rows: RowList): number {
  let sum = 0
  for (const row of rows) sum += weight[row] as number
  return sum
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
