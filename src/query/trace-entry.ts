/** One trace as an entry of a list (docs/spec/query.md QU13). */
import type { DeviceId, TraceId } from '../model/ids.ts'
import { deviceName } from './device-name.ts'
import type { MeshKnowledge, TraceSummaryRow } from './trace-source.ts'

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

export function describeTrace(row: TraceSummaryRow, knowledge: MeshKnowledge): TraceListEntry {
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
