/** The list of traces as a table, newest first. */
import type { TraceList } from '../../agent/http-types/traces.ts'
import { painter } from './colour.ts'
import { formatDurationMs } from './duration.ts'
import { relativeTime } from './relative-time.ts'
import { shortTraceIds } from './short-ids.ts'
import { renderTable, type Column } from './table.ts'

export interface ListOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
  readonly ascii?: boolean
  /** What an empty list says. Default: that there are no traces yet. */
  readonly none?: string
}

const COLUMNS: readonly Column[] = [
  { title: 'trace' },
  { title: 'started', align: 'right' },
  { title: 'took', align: 'right' },
  { title: 'spans', align: 'right', dropOrder: 1 },
  { title: 'errors', align: 'right' },
  { title: 'devices', minWidth: 8, dropOrder: 2 },
  { title: 'root span', minWidth: 12 },
]

export function renderTraceTable(list: Pick<TraceList, 'traces'>, options: ListOptions): string {
  const { width, color, nowUnixMs, ascii = false, none = 'No traces yet.' } = options
  if (list.traces.length === 0) return `${none}\n`
  const ids = shortTraceIds(list.traces.map(({ traceId }) => traceId))
  const rows = list.traces.map((trace, i) => [
    { text: ids[i] ?? trace.traceId, styles: ['bold'] as const },
    relativeTime(Number(BigInt(trace.startUnixNano) / 1_000_000n), nowUnixMs),
    formatDurationMs(trace.durationMs, { ascii }),
    trace.spans.toString(),
    { text: trace.errors === 0 ? '-' : trace.errors.toString(), styles: trace.errors === 0 ? [] : (['red'] as const) },
    trace.devices.map(({ name }) => name).join(', '),
    trace.rootName ?? { text: '(root is not here)', styles: ['dim'] as const },
  ])
  return renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
}
