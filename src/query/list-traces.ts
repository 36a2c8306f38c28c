/** The list of traces, newest first, from per-trace summaries (docs/spec/query.md QU13). */
import type { DeviceId, TraceId } from '../model/ids.ts'
import { deviceName } from './device-name.ts'
import type { MeshKnowledge, TraceSource, TraceSummaryRow } from './trace-source.ts'

/** Traces in a list when the caller names no limit. */
export const DEFAULT_TRACE_LIST_LIMIT = 50
/** Most traces in one list: a list is for people; exports have their own way out. */
export const MAX_TRACE_LIST_LIMIT = 1000

export interface TraceListEntry {
  readonly traceId: TraceId
  /** Name of the span without a parent, or null while it is not here. */
  readonly rootName: string | null
  readonly startUnixNano: string
  readonly durationMs: number
  readonly spans: number
  readonly errors: number
  readonly devices: readonly { readonly deviceId: DeviceId; readonly name: string }[]
  readonly modules: readonly string[]
}

export interface TraceList {
  readonly traces: readonly TraceListEntry[]
}

/** `limit` is brought into 1..{@link MAX_TRACE_LIST_LIMIT}. */
export function listTraces(
  source: Pick<TraceSource, 'summaries'>,
  knowledge: MeshKnowledge,
  limit: number = DEFAULT_TRACE_LIST_LIMIT,
): TraceList {
  const wanted = Math.min(Math.max(Math.trunc(limit) || DEFAULT_TRACE_LIST_LIMIT, 1), MAX_TRACE_LIST_LIMIT)
  const rows = [...source.summaries(wanted)].sort(compareNewestFirst).slice(0, wanted)
  return { traces: rows.map((row) => describe(row, knowledge)) }
}

function compareNewestFirst(a: TraceSummaryRow, b: TraceSummaryRow): number {
  if (a.startUnixNano !== b.startUnixNano) return a.startUnixNano > b.startUnixNano ? -1 : 1
  return a.traceId < b.traceId ? -1 : 1
}

function describe(row: TraceSummaryRow, knowledge: MeshKnowledge): TraceListEntry {
  const nanos = row.endUnixNano - row.startUnixNano
  return {
    traceId: row.traceId,
    rootName: row.rootName ?? null,
    startUnixNano: row.startUnixNano.toString(),
    durationMs: nanos > 0n ? Number(nanos) / 1e6 : 0,
    spans: row.spans,
    errors: row.errors,
    devices: row.deviceIds.toSorted().map((deviceId) => ({ deviceId, name: deviceName(deviceId, knowledge) })),
    modules: row.modules.toSorted(),
  }
}
