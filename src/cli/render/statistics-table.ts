/** Statistics of spans as a table, the most spans first. */
import type { StatisticsList } from '../../agent/http-types/search.ts'
import { painter } from './colour.ts'
import { formatDurationMs } from './duration.ts'
import { plural } from './plural.ts'
import { serviceLabel } from './service-label.ts'
import { renderTable, type Cell, type Column } from './table.ts'

export interface SearchTableOptions {
  readonly width: number
  readonly color: boolean
  readonly ascii?: boolean
}

const COLUMNS: readonly Column[] = [
  { title: 'service', minWidth: 8 },
  { title: 'span', minWidth: 12 },
  { title: 'kind', dropOrder: 1 },
  { title: 'spans', align: 'right' },
  { title: 'rate', align: 'right', dropOrder: 2 },
  { title: 'errors', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p90', align: 'right', dropOrder: 3 },
  { title: 'p99', align: 'right' },
]

export function renderStatistics(list: StatisticsList, { width, color, ascii = false }: SearchTableOptions): string {
  if (list.statistics.length === 0) return 'No such span.\n'
  const took = (ms: number): string => formatDurationMs(ms, { ascii })
  const rows = list.statistics.map((row) => [
    serviceLabel(row),
    row.name,
    row.kind,
    row.spans.toLocaleString('en-US'),
    rateWords(row.perSecond),
    errorCell(row.errors, row.spans),
    took(row.p50Ms),
    took(row.p90Ms),
    took(row.p99Ms),
  ])
  const table = renderTable(COLUMNS, rows, { width, paint: painter(color), ascii })
  const { spans, errors } = list.others
  return spans === 0 ? table : `${table}Not listed: ${plural(spans, 'span')}, ${plural(errors, 'error')}.\n`
}

/** `12%` of calls or spans that failed, `-` for none. */
export function errorCell(errors: number, of: number): Cell {
  if (errors === 0) return '-'
  const percent = (100 * errors) / of
  const text = percent < 1 ? '<1%' : `${Math.round(percent)}%`
  return { text: `${errors.toLocaleString('en-US')} (${text})`, styles: ['red'] }
}

function rateWords(perSecond: number | null): string {
  if (perSecond === null) return '-'
  if (perSecond >= 1) return `${threeDigits(perSecond)}/s`
  if (perSecond * 60 >= 1) return `${threeDigits(perSecond * 60)}/min`
  return `${threeDigits(perSecond * 3600)}/h`
}

function threeDigits(value: number): string {
  return value >= 99.95 ? Math.round(value).toLocaleString('en-US') : Number(value.toPrecision(3)).toString()
}
