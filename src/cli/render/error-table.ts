/** Groups of errors as a table, the most errors first. */
import type { ErrorGroup, ErrorList } from '../../agent/http-types/search.ts'
import { painter } from './colour.ts'
import { errorTitle, stateStyle, stateWord } from './error-words.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { serviceLabel } from './service-label.ts'
import { shortGroupId, shortTraceId } from './short-ids.ts'
import { renderTable, type Column } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'group' },
  { title: 'errors', align: 'right' },
  { title: 'last', align: 'right' },
  { title: 'since', align: 'right', dropOrder: 2 },
  { title: 'where', minWidth: 8 },
  { title: 'devices', minWidth: 8, dropOrder: 1 },
  { title: 'trace', dropOrder: 0 },
  { title: 'state', dropOrder: 4 },
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
    shortGroupId(group.fingerprint),
    group.count.toLocaleString('en-US'),
    ago(group.lastUnixNano),
    ago(group.firstUnixNano),
    serviceLabel(group),
    group.devices.map(({ name }) => name).join(', '),
    group.traceId === null ? '-' : shortTraceId(group.traceId),
    { text: stateWord(group), styles: [stateStyle(group)] },
    { text: whatOf(group), styles: ['red'] as const },
  ])
  const table = renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
  return list.others === 0 ? table : `${table}Not listed: ${plural(list.others, 'error')}.\n`
}

function whatOf(group: ErrorGroup): string {
  const [place] = group.frames
  return place === undefined ? errorTitle(group) : `${errorTitle(group)} (in ${place})`
}
