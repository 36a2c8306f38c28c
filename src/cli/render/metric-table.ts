/** The list of metrics as a table, by name. */
import type { MetricList, MetricSummary } from '../../agent/http-types/metrics.ts'
import { TREND_STEPS, type MetricTrends } from '../metric-trends.ts'
import { painter } from './colour.ts'
import { formatValue } from './metric-value.ts'
import { plural } from './plural.ts'
import { relativeTime } from './relative-time.ts'
import { plottable, rangeOf, sparkline } from './sparkline.ts'
import { renderTable, type Column } from './table.ts'

export interface MetricTableOptions {
  readonly width: number
  readonly color: boolean
  readonly nowUnixMs: number
  readonly ascii?: boolean
  readonly trends?: MetricTrends
}

const TREND_TITLE = 'last hour'
const COLUMNS: readonly Column[] = [
  { title: 'metric', minWidth: 16 },
  { title: 'type', dropOrder: 3 },
  { title: 'unit', minWidth: 3, dropOrder: 2 },
  { title: 'series', align: 'right' },
  { title: 'last', align: 'right' },
  { title: TREND_TITLE, dropOrder: 4 },
  { title: 'recorded', align: 'right' },
  { title: 'from', minWidth: 8, dropOrder: 1 },
]
/** As one says it, not as a field calls it. */
const TYPES: Readonly<Record<MetricSummary['type'], string>> = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'histogram',
  summary: 'summary',
}

export function renderMetricTable(
  list: MetricList,
  { width, color, nowUnixMs, ascii = false, trends = new Map() }: MetricTableOptions,
): string {
  const paint = painter(color)
  const hasTrends = trends.size > 0
  const columns = COLUMNS.filter(({ title }) => hasTrends || title !== TREND_TITLE)
  const rows = list.metrics.map((metric) => [
    { text: metric.name, styles: ['bold'] as const },
    metric.type === 'sum' && metric.monotonic ? 'counter' : TYPES[metric.type],
    metric.unit,
    metric.series.toString(),
    formatValue(metric.lastValue, { unit: metric.unit, name: metric.name, isRate: false, ascii }),
    ...(hasTrends ? [trendOf(trends.get(metric.name) ?? [], ascii)] : []),
    relativeTime(metric.lastUnixMs, nowUnixMs),
    sourcesOf(metric),
  ])
  const notes = notesOf(list).map((note) => `${paint(note, 'dim')}\n`)
  return renderTable(columns, rows, { width, paint, ascii }) + notes.join('')
}

function trendOf(values: readonly (number | string | null)[], ascii: boolean): string {
  const plotted = plottable(values)
  const range = rangeOf(plotted)
  // A cell of a table has no blanks at its ends.
  return range === undefined
    ? ''
    : sparkline(plotted, { cells: TREND_STEPS, range, ascii }).replaceAll(' ', ascii ? "'" : '·')
}

function sourcesOf({ devices, modules }: MetricSummary): string {
  return `${devices.map(({ name }) => name).join(', ')}: ${modules.join(', ')}`
}

/** What the answer does not hold, in words. */
export function notesOf(
  list: Pick<MetricList, 'omittedChunks' | 'unreadableChunks'> & { readonly omitted?: number },
): readonly string[] {
  const { omitted = 0, omittedChunks, unreadableChunks } = list
  return [
    ...(omitted > 0 ? [`${plural(omitted, 'metric')} not listed`] : []),
    ...(omittedChunks > 0 ? [`${plural(omittedChunks, 'stored chunk')} not looked at`] : []),
    ...(unreadableChunks > 0 ? [`${plural(unreadableChunks, 'stored chunk')} could not be read`] : []),
  ]
}
