/** Asks for every metric by its name, and for what was recorded under every value of every label of it. */
import type { MetricList, MetricRange } from '../../../src/agent/http-types/metrics.ts'
import { AGENT_MODULE } from '../../../src/model/lane.ts'
import type { Asking } from './asking.ts'
import type { Point } from './read-points.ts'

const HOUR_MS = 3_600_000
/** What a sum of doubles may be off by. */
const ROUNDING = 1e-6

/** What adds up all of a metric, or says how it ended. */
const FUNCTIONS = { counter: 'increase', deltas: 'sum', state: 'last', gauge: 'last', values: 'count' } as const

export async function askMetrics(asking: Asking, points: readonly Point[]): Promise<void> {
  const metrics = Map.groupBy(points, ({ metric }) => metric)
  const listed = await asking.call<MetricList>('/v1/metrics')
  // The device measures itself too.
  const takenIn = listed.metrics.filter(({ modules }) => modules.some((module) => module !== AGENT_MODULE))
  const [found, wanted] = [
    takenIn.map(({ name, unit, series }) => `${name} in ${unit}: ${series} series`),
    [...metrics.values()].map((of) => `${of[0]?.metric} in ${of[0]?.unit}: ${bySeries(of).length} series`),
  ].map((list) => list.toSorted().join(', '))
  if (found !== wanted) asking.failures.push(`metrics: ${found}, instead of ${wanted}`)
  for (const [name, of] of metrics) {
    await askMetric(asking, name, of, undefined)
    const labels = new Set(of.flatMap(({ labels: all }) => [...all].map((label) => JSON.stringify(label))))
    for (const label of labels) {
      const [key, text] = JSON.parse(label) as [string, string]
      await askMetric(
        asking,
        name,
        of.filter((point) => point.labels.get(key) === text),
        `${key}=${text}`,
      )
    }
  }
}

async function askMetric(
  asking: Asking,
  name: string,
  points: readonly Point[],
  filter: string | undefined,
): Promise<void> {
  const [first] = points as readonly [Point]
  const times = points.map(({ timeUnixMs }) => Math.floor(timeUnixMs / HOUR_MS) * HOUR_MS)
  const query = new URLSearchParams({
    by: '',
    fn: FUNCTIONS[first.kind],
    // What the first points of counters counted began before them.
    sinceUnixMs: String(Math.min(...times) - HOUR_MS),
    untilUnixMs: String(Math.max(...times) + HOUR_MS),
    stepMs: String(HOUR_MS),
    ...(filter !== undefined && { filter }),
  })
  const { lines } = await asking.call<MetricRange>(`/v1/metrics/${encodeURIComponent(name)}?${query.toString()}`)
  const series = bySeries(points)
  const what = `${name} ${filter ?? ''}`
  if (lines[0]?.series !== series.length) {
    asking.failures.push(`${what}: ${lines[0]?.series} series instead of ${series.length}`)
  }
  const numbers = (lines[0]?.values ?? []).flatMap((value) => (value === null ? [] : [Number(value)]))
  const got = first.kind === 'state' || first.kind === 'gauge' ? numbers.at(-1) : sumOf(numbers)
  const right = rightAnswers(first, series)
  if (!right.some((value) => Math.abs(value - (got ?? Number.NaN)) <= ROUNDING * Math.max(1, Math.abs(value)))) {
    asking.failures.push(`${what}: ${got} instead of ${right.join(' or ')}`)
  }
}

function bySeries(points: readonly Point[]): readonly (readonly Point[])[] {
  return [...Map.groupBy(points, ({ series }) => series).values()]
}

/** Several for gauges of several series: which of them was the last is not told. */
function rightAnswers({ kind, isCumulative }: Point, series: readonly (readonly Point[])[]): readonly number[] {
  const last = series.map((points) => points.reduce((a, b) => (b.timeUnixMs >= a.timeUnixMs ? b : a)).value)
  if (kind === 'gauge') return last
  return [isCumulative ? sumOf(last) : sumOf(series.flat().map(({ value }) => value))]
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
