/** Groups of errors as a table, the most errors first. */
import type { ErrorGroup, ErrorList } from '../../agent/http-types/search.ts'
import { painter } from './colour.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { serviceLabel } from './service-label.ts'
import { shortTraceId } from './short-ids.ts'
import { renderTable, type Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'errors', align: 'right' },
  { title: 'last', align: 'right' },
  { title: 'since', align: 'right', dropOrder: 2 },
  { title: 'where', minWidth: 8 },
  { title: 'devices', minWidth: 8, dropOrder: 1 },
  { title: 'trace', dropOrder: 3 },
  { title: 'what', minWidth: 20 },
]
const NANOS_PER_MS = 1_000_000n

export interface ErrorTableOptions {
  readonly width: number
  readonly color: boolean
  readonly ascii?: boolean
  readonly nowUnixMs: number
}

export function renderErrors(
  list: Pick<ErrorList, 'errors' | 'others'>,
  { width, color, ascii = false, nowUnixMs }: ErrorTableOptions,
): string {
  if (list.errors.length === 0) return 'No errors.\n'
  const ago = (unixNano: string): string => relativeTime(Number(BigInt(unixNano) / NANOS_PER_MS), nowUnixMs)
  const rows = list.errors.map((group) => [
    group.count.toLocaleString('en-US'),
    ago(group.lastUnixNano),
    ago(group.firstUnixNano),
    serviceLabel(group),
    group.devices.map(({ name }) => name).join(', '),
    group.traceId === null ? '-' : shortTraceId(group.traceId),
    { text: whatOf(group), styles: ['red'] as const },
  ])
  const table = renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
  return list.others === 0 ? table : `${table}Not listed: ${plural(list.others, 'error')}.\n`
}

function whatOf({ type, message, frames }: ErrorGroup): string {
  const said = [type, message].filter((text) => text !== '').join(': ') || '(nothing said)'
  return frames[0] === undefined ? said : `${said} (in ${frames[0]})`
}
