/** How each metric of a list went: its last hour over all series, for a line of blocks beside its name. */
import type { MetricRange } from '../agent/http-types/metrics.ts'
import type { CommandContext } from './command.ts'

const RANGE_MS = 3_600_000
/** Steps of five minutes. */
export const TREND_STEPS = 12
/** Longest that a list waits for its trends, in milliseconds: those that are not there by then are left out. */
const MAX_WAIT_MS = 1_000

export type MetricTrends = ReadonlyMap<string, MetricRange['lines'][0]['values']>

/** One after the other, in the order of the list. A metric that cannot be read now has no trend. */
export async function metricTrends(
  client: CommandContext['client'],
  metrics: readonly { readonly name: string }[],
  nowUnixMs: number,
): Promise<MetricTrends> {
  const trends = new Map<string, MetricRange['lines'][0]['values']>()
  const until = performance.now() + MAX_WAIT_MS
  for (const { name } of metrics) {
    if (performance.now() > until) break
    const view = await client.callAnyway<MetricRange>('GET', pathOf(name, nowUnixMs)).catch(() => undefined)
    const values = view?.lines[0]?.values
    if (values !== undefined) trends.set(name, values)
  }
  return trends
}

function pathOf(name: string, nowUnixMs: number): string {
  const untilUnixMs = Math.floor(nowUnixMs)
  const query = new URLSearchParams({
    sinceUnixMs: String(untilUnixMs - RANGE_MS),
    untilUnixMs: String(untilUnixMs),
    stepMs: String(RANGE_MS / TREND_STEPS),
    by: '',
  })
  return `/v1/metrics/${encodeURIComponent(name)}?${query.toString()}`
}
