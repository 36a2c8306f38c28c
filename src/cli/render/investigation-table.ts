/** The list of investigations as a table, those that were changed last first. */
import type { InvestigationList } from '../../agent/http-types/investigations.ts'
import { painter } from './colour.ts'
import { STATUS_STYLES } from './investigation.ts'
import { relativeTime } from './relative-time.ts'
import { shortTraceIds } from './short-ids.ts'
import { renderTable, type Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'trace' },
  { title: 'status' },
  { title: 'changed', align: 'right' },
  { title: 'notes', align: 'right' },
  { title: 'pinned', align: 'right', dropOrder: 1 },
  { title: 'labels', minWidth: 8, dropOrder: 3 },
  { title: 'by', minWidth: 8, dropOrder: 2 },
  { title: 'root span', minWidth: 12 },
]

export interface InvestigationTableOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
}

export function renderInvestigations(list: InvestigationList, options: InvestigationTableOptions): string {
  const { width, color, nowUnixMs } = options
  if (list.investigations.length === 0) return 'No investigations yet. Open one with: aico-mesh investigate TRACE'
  const ids = shortTraceIds(list.investigations.map(({ traceId }) => traceId))
  const rows = list.investigations.map((each, i) => [
    { text: ids[i] ?? each.traceId, styles: ['bold'] as const },
    each.status === null ? '-' : { text: each.status, styles: [STATUS_STYLES[each.status]] },
    relativeTime(each.changedUnixMs, nowUnixMs),
    each.notes.toString(),
    each.pinned.toString(),
    each.labels.join(', '),
    each.devices.map(({ name }) => name).join(', '),
    each.trace?.rootName ?? { text: '(not here)', styles: ['dim'] as const },
  ])
  return renderTable(COLUMNS, rows, { width, paint: painter(color) })
}
