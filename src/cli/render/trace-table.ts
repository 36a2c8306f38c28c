/** The list of traces as a table, newest first. */
import type { TraceList } from '../../agent/http-types.ts'
import { painter } from './colour.ts'
import { formatDurationMs } from './duration.ts'
import { relativeTime } from './relative-time.ts'
import { renderTable, type Column } from './table.ts'

export interface ListOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
  readonly ascii?: boolean
}

/** Enough that two traces of a device's lifetime hardly ever share them: 48 bits. */
const SHORT_ID_DIGITS = 12

const COLUMNS: readonly Column[] = [
  { title: 'trace' },
  { title: 'started', align: 'right' },
  { title: 'took', align: 'right' },
  { title: 'spans', align: 'right' },
  { title: 'errors', align: 'right' },
  { title: 'devices', minWidth: 8 },
  { title: 'root span', minWidth: 12 },
]

export function renderTraceTable(list: TraceList, { width, color, nowUnixMs, ascii = false }: ListOptions): string {
  if (list.traces.length === 0) return 'No traces yet.\n'
  const ids = list.traces.map(({ traceId }) => traceId)
  const digits = shownDigits(ids)
  const rows = list.traces.map((trace) => [
    { text: trace.traceId.slice(0, digits), styles: ['bold'] as const },
    relativeTime(Number(BigInt(trace.startUnixNano) / 1_000_000n), nowUnixMs),
    formatDurationMs(trace.durationMs, { ascii }),
    trace.spans.toString(),
    { text: trace.errors === 0 ? '-' : trace.errors.toString(), styles: trace.errors === 0 ? [] : (['red'] as const) },
    trace.devices.map(({ name }) => name).join(', '),
    trace.rootName ?? { text: '(root is not here)', styles: ['dim'] as const },
  ])
  return renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
}

/** As few digits as name each of these traces: `traces show` takes the start of an id. */
function shownDigits(ids: readonly string[]): number {
  return new Set(ids.map((id) => id.slice(0, SHORT_ID_DIGITS))).size === ids.length
    ? SHORT_ID_DIGITS
    : (ids[0]?.length ?? 0)
}
