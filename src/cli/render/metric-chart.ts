/** One metric over time: a plot where there is one line of it, else a table with a line of blocks each. */
import type { MetricExemplar, MetricLine, MetricRange } from '../../agent/http-types/metrics.ts'
import { painter, type Paint } from './colour.ts'
import { displayWidth, fit } from './display-width.ts'
import { notesOf } from './metric-table.ts'
import { formatValue } from './metric-value.ts'
import { plural } from './plural.ts'
import { asciiText, safeText } from './safe-text.ts'
import { blockPlot, plottable, rangeOf, sparkline, type PlotRange } from './sparkline.ts'
import { renderTable, type Cell, type Column } from './table.ts'
import { wrapText } from './wrap-text.ts'

export interface MetricChartOptions {
  readonly width: number
  readonly color: boolean
  readonly ascii?: boolean
}

/** Lines of a plot. */
const PLOT_ROWS = 8
/** Cells before a plot: its highest and lowest value. */
const AXIS_CELLS = 10
/** Least cells of a line of blocks in a table. */
const MIN_SPARK_CELLS = 12
const MAX_SPARK_CELLS = 60
/** Exemplars that are named: the largest. */
const EXEMPLARS_SHOWN = 3

export function renderMetricChart(range: MetricRange, options: MetricChartOptions): string {
  const { width, color, ascii = false } = options
  const paint = painter(color)
  const drawing = { width, ascii, paint, clean: ascii ? asciiText : safeText }
  const [only, second] = range.lines
  const body = only === undefined ? [] : second === undefined ? plot(range, only, drawing) : tableOf(range, drawing)
  const notes = notesFor(range).map((note) => paint(note, 'dim'))
  return [...heading(range, drawing), ...body, ...exemplars(range, drawing), ...notes]
    .map((line) => `${line}\n`)
    .join('')
}

interface Drawing {
  readonly width: number
  readonly ascii: boolean
  readonly paint: Paint
  readonly clean: (text: string) => string
}

function heading(range: MetricRange, { width, paint, clean, ascii }: Drawing): readonly string[] {
  const { fn, fromUnixMs, toUnixMs, stepMs, lines } = range
  const iso = toUnixMs - fromUnixMs < SHORT_MS ? isoSecond : isoMinute
  const series = lines.reduce((sum, line) => sum + line.series, 0)
  const facts = `${fn} every ${stepText(stepMs)}, ${seriesCount(series)}, ${iso(fromUnixMs)} to ${iso(toUnixMs)} UTC`
  const name = clean(range.name)
  const title = paint(fit(name, Math.min(width, displayWidth(name)), 'left', ascii ? '~' : '…'), 'bold')
  // A name is cut only where a line of its own is too short: the ends of names tell them apart.
  const isOneLine = displayWidth(name) + 2 + facts.length <= width
  return isOneLine ? [`${title}  ${facts}`] : [title, ...wrapText(facts, { width })]
}
/** Below this, seconds are told. */
const SHORT_MS = 600_000

/** As `--step` takes it. */
function stepText(stepMs: number): string {
  const unit = STEP_UNITS.find(({ ms }) => stepMs % ms === 0)
  return unit === undefined ? `${stepMs / 1000}s` : `${stepMs / unit.ms}${unit.name}`
}
const STEP_UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
] as const

function plot(range: MetricRange, line: MetricLine, { width, ascii, paint }: Drawing): readonly string[] {
  const values = plottable(line.values)
  const extent = withZero(rangeOf(values))
  if (extent === undefined && wordsIn(range) > 0) return [] // a note says what there is
  if (extent === undefined) return [paint('Nothing was recorded in this time.', 'dim')]
  const rows = blockPlot(values, { cells: width - AXIS_CELLS - 1, range: extent, ascii }, PLOT_ROWS)
  const format = formatter(range, ascii)
  const labels = new Map([
    [0, format(extent.max)],
    [PLOT_ROWS - 1, format(extent.min)],
  ])
  return rows.map((row, i) =>
    `${fit(labels.get(i) ?? '', AXIS_CELLS, 'right')} ${paint(row.trimEnd(), 'cyan')}`.trimEnd(),
  )
}

/** A plot begins at zero, unless all of it lies in its upper half: then changes would not be seen. */
function withZero(range: PlotRange | undefined): PlotRange | undefined {
  if (range === undefined || range.min < 0) return range
  return range.min > range.max / 2 && range.max > range.min ? range : { min: 0, max: range.max }
}

const COLUMNS: readonly Column[] = [
  { title: 'line', minWidth: 10 },
  { title: 'low', align: 'right', dropOrder: 1 },
  { title: 'high', align: 'right', dropOrder: 2 },
  { title: 'last', align: 'right' },
  { title: 'over time' },
]
/** What the columns before the last take with their gaps, about. */
const TABLE_CELLS = 54

function tableOf(range: MetricRange, { width, ascii, paint }: Drawing): readonly string[] {
  const format = formatter(range, ascii)
  const cells = Math.min(Math.max(width - TABLE_CELLS, MIN_SPARK_CELLS), MAX_SPARK_CELLS)
  const common = commonLabels(range.lines)
  const rows = range.lines.map((line): readonly Cell[] => {
    const values = plottable(line.values)
    const extent = rangeOf(values)
    const drawn = extent === undefined ? '' : sparkline(values, { cells, range: extent, ascii })
    const last = line.values.findLast((value) => value !== null) ?? null
    return [
      { text: labelText(line, common), styles: ['bold'] },
      format(extent?.min ?? null),
      format(extent?.max ?? null),
      format(last),
      // Spaces at the start are time without a value: a table's cell would lose them.
      { text: drawn.replace(/^ +/, (spaces) => (ascii ? ' ' : '·').repeat(spaces.length)), styles: ['cyan'] },
    ]
  })
  return renderTable(COLUMNS, rows, { width, paint, ascii }).trimEnd().split('\n')
}

/** Labels that are the same in every line say nothing. */
function commonLabels(lines: readonly MetricLine[]): ReadonlySet<string> {
  const [first] = lines
  const keys = Object.keys(first?.labels ?? {})
  return new Set(keys.filter((key) => lines.every(({ labels }) => labels[key] === first?.labels[key])))
}

const OWNERS: ReadonlySet<string> = new Set(['device', 'module'])

function labelText({ labels }: MetricLine, common: ReadonlySet<string>): string {
  const own = Object.entries(labels).filter(([key]) => !common.has(key))
  // Who it is of comes first: what is behind may be cut off. Sorting leaves the rest in its order.
  own.sort(([a], [b]) => Number(OWNERS.has(b)) - Number(OWNERS.has(a)))
  return own.map(([key, value]) => `${key}=${value}`).join(' ') || '(the same labels)'
}

function exemplars({ exemplars: all, ...range }: MetricRange, { ascii, paint }: Drawing): readonly string[] {
  const largest = all.toSorted((a, b) => Number(b.value) - Number(a.value)).slice(0, EXEMPLARS_SHOWN)
  const format = (exemplar: MetricExemplar): string =>
    formatValue(exemplar.value, { unit: range.unit, isRate: false, ascii })
  return largest.map(
    (each) => `${paint('example', 'dim')} ${format(each)} at ${isoSecond(each.timeUnixMs)}, trace ${each.traceId}`,
  )
}

function notesFor(range: MetricRange): readonly string[] {
  const { omittedLines, omittedSeries, otherKinds } = range
  const words = wordsIn(range)
  return [
    ...(words > 0 ? [`${plural(words, 'value')} of infinity: no plot reaches there`] : []),
    ...(omittedLines > 0 ? [`${plural(omittedLines, 'more line')}: --by LABEL joins them`] : []),
    ...(omittedSeries > 0 ? [`${seriesCount(omittedSeries)} not looked at: --filter LABEL=VALUE chooses`] : []),
    ...(otherKinds > 0 ? [`${seriesCount(otherKinds)} of this name with another unit or type`] : []),
    ...notesOf(range),
  ]
}

/** Values that are no numbers of an axis. */
function wordsIn({ lines }: MetricRange): number {
  return lines.reduce((sum, { values }) => sum + values.filter((value) => typeof value === 'string').length, 0)
}

function seriesCount(count: number): string {
  return `${count.toLocaleString('en-US')} series`
}

function formatter({ unit, name, fn }: MetricRange, ascii: boolean): (value: number | string | null) => string {
  const isCount = fn === 'count' || fn === 'increase' || fn === 'rate'
  // Of what is counted by distributions only the count is meant; its unit is that of the values.
  const shown = isCount ? { unit: unit === 'By' ? unit : '1' } : { unit, name }
  return (value) => formatValue(value, { ...shown, isRate: fn === 'rate', ascii })
}

function isoMinute(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ')
}

function isoSecond(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')
}
