/** What was measured: the metrics there are, and one of them over time. */
import type { MetricList, MetricRange } from '../../agent/http-types/metrics.ts'
import type { Command, CommandContext } from '../command.ts'
import { metricTrends } from '../metric-trends.ts'
import { oneOf, splitList, wholeNumber } from '../option-values.ts'
import { parseTime, TIMES_HELP } from '../parse-time.ts'
import { renderMetricChart } from '../render/metric-chart.ts'
import { renderMetricTable } from '../render/metric-table.ts'
import { requireRange } from './search-options.ts'

const FUNCTIONS = ['avg', 'min', 'max', 'sum', 'last', 'rate', 'increase', 'count', 'p50', 'p90', 'p99']
const HOUR_MS = 3_600_000
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS }
const STEP = /^(\d{1,6})([smhd])$/
/** Steps that people count in. The first that fits as many cells as there are is taken. */
const STEPS_MS = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400].map(
  (s) => s * 1_000,
)
/** Cells of a line that are not plotted. */
const MARGIN_CELLS = 12
/** Steps of an answer for machines, unless asked otherwise. */
const JSON_STEPS = 240

export const metricsCommand: Command = {
  name: 'metrics',
  takes: '[NAME]',
  help: 'metrics over all devices that let you see theirs; with a name, its values over time',
  details: [
    'The list draws the last hour of each metric, over all of its series.',
    'Without --by each series has its own line, all runs of a module together; --by LABEL,LABEL makes one line of those with equal labels, --by all one of all. A label is an attribute, device, module or scope.',
    'How values are put together (--fn) is, unless said otherwise, rate for counters, avg for gauges, p90 for histograms. The shortest step is 1s; what is older is kept by minute, then by hour.',
    TIMES_HELP,
  ],
  examples: [
    'metrics',
    'metrics http.server.request.duration --since 6h --by http.route --fn p99',
    'metrics process.memory.usage --filter module=core --step 1m',
  ],
  options: {
    since: { type: 'string', value: 'TIME', help: 'from then on; default an hour ago' },
    until: { type: 'string', value: 'TIME', help: 'up to then; default now' },
    step: {
      type: 'string',
      value: 'TIME',
      refuse: refuseStep,
      help: 'time between two values: 10s, 5m, 1h, 1d; default what fits',
    },
    by: { type: 'string', value: 'LABELS', help: 'labels whose equal values make one line, or all' },
    filter: { type: 'string', value: 'LABEL=VALUE,...', refuse: refuseFilter, help: 'only series with these labels' },
    fn: { type: 'string', value: 'FUNCTION', refuse: oneOf(FUNCTIONS), help: FUNCTIONS.join(', ') },
    limit: { type: 'string', value: 'N', refuse: wholeNumber(1), help: 'at most so many metrics' },
  },
  words: [0, 1],
  run: (context) => (context.words[0] === undefined ? list(context) : show(context, context.words[0])),
}

async function list({ client, output, options }: CommandContext): Promise<void> {
  const query = new URLSearchParams()
  if (typeof options['limit'] === 'string') query.set('limit', options['limit'])
  const view = await client.callAnyway<MetricList>(
    'GET',
    `/v1/metrics${query.size === 0 ? '' : `?${query.toString()}`}`,
  )
  const nowUnixMs = Date.now()
  const trends = output.json ? new Map() : await metricTrends(client, view.metrics, nowUnixMs)
  const { width, color } = output
  output.answer(view, () =>
    view.metrics.length === 0 ? 'No metrics yet.' : renderMetricTable(view, { width, color, nowUnixMs, trends }),
  )
}

async function show({ client, output, options }: CommandContext, name: string): Promise<void> {
  const query = rangeQuery(options, output.json ? JSON_STEPS : output.width - MARGIN_CELLS)
  const view = await client.callAnyway<MetricRange>(
    'GET',
    `/v1/metrics/${encodeURIComponent(name)}?${query.toString()}`,
  )
  output.answer(view, () => renderMetricChart(view, { width: output.width, color: output.color }))
}

function rangeQuery(options: CommandContext['options'], cells: number): URLSearchParams {
  const nowUnixMs = Date.now()
  const timeOf = (name: 'since' | 'until', otherwise: number): number =>
    typeof options[name] === 'string' ? parseTime(options[name], nowUnixMs, `--${name}`) : otherwise
  const until = timeOf('until', Math.floor(nowUnixMs))
  const since = timeOf('since', Math.max(0, until - HOUR_MS))
  requireRange(since, until)
  const step = typeof options['step'] === 'string' ? parseStep(options['step']) : fittingStep(until - since, cells)
  const query = new URLSearchParams({ sinceUnixMs: String(since), untilUnixMs: String(until), stepMs: String(step) })
  if (typeof options['fn'] === 'string') query.set('fn', options['fn'])
  if (typeof options['by'] === 'string') query.set('by', options['by'] === 'all' ? '' : options['by'])
  if (typeof options['filter'] === 'string')
    for (const each of splitList(options['filter'])) query.append('filter', each)
  return query
}

function fittingStep(rangeMs: number, cells: number): number {
  const least = rangeMs / Math.max(1, cells)
  const day = STEPS_MS.at(-1) as number
  return STEPS_MS.find((step) => step >= least) ?? Math.ceil(least / day) * day
}

function parseStep(text: string): number {
  const [, count, unit] = STEP.exec(text) ?? []
  return Number(count) * (UNIT_MS[unit as string] as number)
}

function refuseStep(text: string): string | undefined {
  return STEP.test(text) && parseStep(text) > 0
    ? undefined
    : 'a number of seconds, minutes, hours or days: 10s, 5m, 1h, 1d'
}

function refuseFilter(text: string): string | undefined {
  const parts = splitList(text)
  return parts.length > 0 && parts.every((part) => part.indexOf('=') > 0)
    ? undefined
    : 'LABEL=VALUE, with commas between several'
}
