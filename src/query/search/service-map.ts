/**
 * Who called whom, over a search (docs/spec/search.md SQ14): services as nodes, calls between different ones as edges,
 * also across devices and over the bus. A span's caller is its parent, wherever that was recorded.
 */
import { utf8 } from '../../base/bytes.ts'
import type { Steps } from '../../base/steps.ts'
import type { DeviceId } from '../../model/ids.ts'
import { deviceName } from '../device-name.ts'
import type { MeshKnowledge } from '../trace-source.ts'
import { chunkPart, type PartMaker } from './chunk-part.ts'
import { Look, type Looked } from './look.ts'
import { mapPart, type MapPart } from './map-part.ts'
import { prepareSearch, type PreparedSearch } from './prepared-search.ts'
import { spanFilter } from './record-filter.ts'
import { atAnyTime, type SearchQuery } from './search-query.ts'
import { ServiceCalls, type Edge, type EdgeVia, type Node } from './service-calls.ts'
import { wordAt, type SpanKey } from './span-places.ts'
import type { StatisticsDeps } from './span-statistics.ts'

/** Most spans one map is made of, with calls whose caller was not met yet: some 40 MB of them. */
export const MAX_MAP_SPANS = 2 ** 20
const NANOS_PER_MS = 1e6

export interface MapNode {
  readonly id: number
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly module: string
  readonly service: string | null
  readonly spans: number
  readonly errors: number
}
export interface MapEdge {
  /** Ids of nodes. */
  readonly from: number
  readonly to: number
  readonly via: EdgeVia
  readonly count: number
  /** Of the spans that were called. */
  readonly errors: number
  readonly p50Ms: number
  readonly p95Ms: number
}
export interface ServiceMap {
  /** Those that have a span that was asked for, or an edge. */
  readonly nodes: readonly MapNode[]
  /** The most calls first. */
  readonly edges: readonly MapEdge[]
  /** Calls whose caller is not among what was looked at. */
  readonly unknownCallers: number
  /** Spans of services, and calls between services, that found no room. */
  readonly leftOut: number
  readonly looked: Looked
}

export function* serviceMap(query: SearchQuery, deps: StatisticsDeps, maxSpans = MAX_MAP_SPANS): Steps<ServiceMap> {
  const search = prepareSearch(query, deps)
  // A caller need not be what is asked for: conditions choose spans, not chunks.
  const { scope } = prepareSearch({ ...query, conditions: [] }, deps)
  const look = new Look(deps.limits)
  const calls = new ServiceCalls(seedOf(search, deps))
  const maker = partMaker(query, search)
  const { chunks, totals } = deps.source.candidates(scope)
  for (const chunk of chunks) {
    if (!look.take(chunk, calls.held < maxSpans)) break
    const part = yield* chunkPart(chunk, scope, deps, look, maker)
    if (part !== undefined) yield* calls.add(part, chunk)
    yield
  }
  yield* calls.settle()
  return { ...describe(calls, deps.knowledge), looked: look.result(totals.chunks) }
}

function partMaker(query: SearchQuery, { key, isDevice }: PreparedSearch): PartMaker<MapPart> {
  const bounded = spanFilter(query, isDevice)
  const unbounded = query.conditions.length === 0 ? undefined : spanFilter(atAnyTime(query), isDevice)
  return {
    name: `map ${key}`,
    *make(payload, chunk, isWhole) {
      yield
      return mapPart(isWhole ? unbounded : bounded, payload, chunk)
    },
  }
}

function seedOf({ key }: PreparedSearch, { sha256, nowUnixMs }: StatisticsDeps): SpanKey {
  const bytes = sha256(utf8(`${key} ${nowUnixMs}`))
  return [wordAt(bytes, 0), wordAt(bytes, 4)]
}

function describe(calls: ServiceCalls, knowledge: MeshKnowledge): Omit<ServiceMap, 'looked'> {
  const edges = [...calls.edges()].sort(
    (a, b) => b.durations.count - a.durations.count || a.from - b.from || a.to - b.to,
  )
  const joined = new Set(edges.flatMap(({ from, to }) => [from, to]))
  const nodes = calls.nodes.map((node, id) => describeNode(node, id, knowledge))
  return {
    nodes: nodes.filter(({ id, spans }) => spans > 0 || joined.has(id)),
    edges: edges.map(describeEdge),
    unknownCallers: calls.unknownCallers,
    leftOut: calls.leftOut,
  }
}

function describeNode(
  { deviceId, module, service, spans, errors }: Node,
  id: number,
  knowledge: MeshKnowledge,
): MapNode {
  return { id, deviceId, deviceName: deviceName(deviceId, knowledge), module, service, spans, errors }
}

function describeEdge({ from, to, via, durations, errors }: Edge): MapEdge {
  const [p50Ms, p95Ms] = [durations.quantile(0.5) / NANOS_PER_MS, durations.quantile(0.95) / NANOS_PER_MS]
  return { from, to, via, count: durations.count, errors, p50Ms, p95Ms }
}
