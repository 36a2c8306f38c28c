/** The series of one metric that a query is about: those in blocks and those in the tail, of one kind. */
import { parseIdentity, type MetricKind } from '../../wire/metrics/series-identity.ts'
import type { MeshKnowledge } from '../trace-source.ts'
import { matchesAll, type LabelFilter, type MetricSeriesFacts } from './metric-filter.ts'
import { MetricQueryError } from './metric-query-error.ts'
import type { MetricSource } from './metric-source.ts'
import { tailKey, type Tail, type TailSeries } from './tail.ts'

/** Most series one answer is made of: a chart of more says nothing, and each costs a read an hour. */
export const MAX_QUERIED_SERIES = 1_000

export interface FoundSeries extends MetricSeriesFacts {
  /** In blocks; undefined for one that is only in the tail. */
  readonly id: number | undefined
  readonly tail: TailSeries | undefined
}
export interface FoundMetric {
  readonly kind: MetricKind
  /** At least one. */
  readonly series: readonly FoundSeries[]
  /** Series of the same kind that are too many. */
  readonly omitted: number
  /** Series of this name that are of another unit or type. */
  readonly ofOtherKinds: number
}

/** @throws {MetricQueryError} `METRIC_NOT_FOUND` */
export function findSeries(
  name: string,
  filters: readonly LabelFilter[],
  source: Pick<MetricSource, 'series'>,
  tail: Tail,
  knowledge: MeshKnowledge,
): FoundMetric {
  const matching = allSeries(name, source, tail).filter((series) => matchesAll(series, filters, knowledge))
  const byKind = Map.groupBy(matching, ({ identity }) => kindKey(identity))
  // The kind of most series is meant: of several modules that use one name, one is usually out of step.
  const [most] = [...byKind.values()].sort((a, b) => b.length - a.length)
  const first = most?.[0]
  if (most === undefined || first === undefined) {
    throw new MetricQueryError('METRIC_NOT_FOUND', 'no metric here has this name and matches every filter')
  }
  const series = most.slice(0, MAX_QUERIED_SERIES)
  const ofOtherKinds = matching.length - most.length
  return { kind: first.identity, series, omitted: most.length - series.length, ofOtherKinds }
}

export function kindKey({ name, unit, type, isCumulative, isMonotonic }: MetricKind): string {
  return JSON.stringify([name, unit, type, isCumulative, isMonotonic])
}

function allSeries(name: string, source: Pick<MetricSource, 'series'>, tail: Tail): readonly FoundSeries[] {
  const onlyInTail = new Map(tail.series)
  const stored = [...source.series(name)].map(({ id, deviceId, module, identity: text }): FoundSeries => {
    const key = tailKey(deviceId, module, text)
    onlyInTail.delete(key)
    return { id, deviceId, module, identity: parseIdentity(text), tail: tail.series.get(key) }
  })
  const fresh = [...onlyInTail.values()].filter(({ identity }) => identity.name === name)
  return [...stored, ...fresh.map((each): FoundSeries => ({ ...each, id: undefined, tail: each }))]
}
