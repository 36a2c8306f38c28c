/** Routes of the metric queries. Shapes: src/query/metrics, docs/spec/metrics.md. */
import { METRIC_FUNCTIONS, isMetricFunction, type MetricFunction } from '../query/metrics/metric-function.ts'
import type { LabelFilter } from '../query/metrics/metric-filter.ts'
import type { HttpRequest, Route } from './http-server.ts'
import type { KeeperClient } from './keeper-client.ts'
import { bad } from './read-fields.ts'

/** What a range goes back when nobody says how far, and how many steps it has then, and at least. */
const DEFAULT_RANGE_MS = 3_600_000
const DEFAULT_STEPS = 60
const MIN_DEFAULT_STEP_MS = 1_000
/** Most filters, and most labels to group by. */
const MAX_LABELS = 16
const MAX_LABEL_CHARS = 1_024

export function metricRoutes({ keeper }: { readonly keeper: Pick<KeeperClient, 'call'> }): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/metrics',
      capability: 'cli',
      handle: async ({ query }) => ({ jsonParts: await keeper.call('metricList', wholeNumber(query, 'limit')) }),
    },
    {
      method: 'GET',
      path: '/v1/metrics/:metric',
      capability: 'cli',
      handle: async (request) => ({ jsonParts: await keeper.call('metricRange', rangeQuery(request)) }),
    },
  ]
}

function rangeQuery({ params, query }: Pick<HttpRequest, 'params' | 'query'>) {
  const toMs = wholeNumber(query, 'untilUnixMs') ?? Date.now()
  const fromMs = wholeNumber(query, 'sinceUnixMs') ?? Math.max(0, toMs - DEFAULT_RANGE_MS)
  const stepMs = wholeNumber(query, 'stepMs') ?? defaultStep(toMs - fromMs)
  return {
    name: params['metric'] as string,
    filters: query
      .getAll('filter')
      .slice(0, MAX_LABELS + 1)
      .map(filterOf),
    fromMs,
    toMs,
    stepMs,
    fn: functionOf(query.get('fn')),
    by: labelsOf(query.get('by')),
  }
}

function defaultStep(rangeMs: number): number {
  return Math.max(MIN_DEFAULT_STEP_MS, Math.ceil(rangeMs / DEFAULT_STEPS))
}

function filterOf(text: string, at: number): LabelFilter {
  const equals = text.indexOf('=')
  if (equals < 1 || text.length > MAX_LABEL_CHARS) throw bad('filter', 'is LABEL=VALUE')
  if (at >= MAX_LABELS) throw bad('filter', `is given at most ${MAX_LABELS} times`)
  return { label: text.slice(0, equals), value: text.slice(equals + 1) }
}

function functionOf(text: string | null): MetricFunction | undefined {
  if (text === null) return undefined
  if (!isMetricFunction(text)) throw bad('fn', `is one of ${METRIC_FUNCTIONS.join(', ')}`)
  return text
}

/** An empty text: all series in one line. */
function labelsOf(text: string | null): readonly string[] | undefined {
  if (text === null) return undefined
  const labels = text.split(',').filter((label) => label !== '')
  if (labels.length > MAX_LABELS || text.length > MAX_LABEL_CHARS) throw bad('by', `names at most ${MAX_LABELS} labels`)
  return labels
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^[0-9]{1,15}$/.test(text)) throw bad(name, 'is a whole number')
  return Number(text)
}
