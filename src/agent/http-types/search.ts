/** What searches and tails answer. docs/spec/search.md. */
import type { LogLine, Looked, Provenance, SpanKind, SpanStatus } from './traces.ts'

/** `tail traces`: one span; `tail logs` has {@link LogLine}s. */
export interface SpanLine {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: SpanKind
  readonly status: SpanStatus
  readonly statusMessage: string
  readonly startUnixNano: string
  readonly durationNano: string
  readonly deviceId: string
  readonly deviceName: string
  readonly module: string
  readonly service: string | null
  readonly provenance: Exclude<Provenance, 'conflict'>
  readonly attributes: Readonly<Record<string, unknown>>
}

/** `stats`: spans of one service, name and kind. */
export interface SpanStatistics {
  readonly module: string
  readonly service: string | null
  readonly name: string
  readonly kind: SpanKind
  readonly spans: number
  readonly errors: number
  readonly perSecond: number | null
  readonly totalMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}
export interface StatisticsList {
  readonly statistics: readonly SpanStatistics[]
  readonly others: { readonly spans: number; readonly errors: number }
  readonly seconds: number
  readonly looked: Looked
}

/** `errors` */
export type ErrorState = 'open' | 'resolved' | 'muted'
export interface ErrorGroup {
  readonly fingerprint: string
  readonly state: ErrorState
  /** Open again, after it was resolved. */
  readonly regressed: boolean
  readonly stateSinceUnixMs: number | null
  readonly module: string
  readonly service: string | null
  readonly type: string
  readonly message: string
  readonly frames: readonly string[]
  readonly count: number
  readonly spans: number
  readonly firstUnixNano: string
  readonly lastUnixNano: string
  readonly firstRelease: string | null
  readonly lastRelease: string | null
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly traceId: string | null
  readonly spanId: string | null
}
export interface ErrorList {
  readonly errors: readonly ErrorGroup[]
  readonly others: number
  /** Groups that another state was asked for than theirs. */
  readonly otherStates: Readonly<Record<ErrorState, number>>
  readonly looked: { readonly traces: Looked | null; readonly logs: Looked | null }
}

/** `errors show` */
export interface ErrorDetail extends ErrorGroup {
  readonly stack: string
  readonly lastDeviceId: string | null
  readonly releases: readonly {
    readonly release: string
    readonly count: number
    readonly firstUnixNano: string
    readonly lastUnixNano: string
  }[]
  /** Counts from the first to the last, in cells of the same length. */
  readonly timeline: readonly number[]
  readonly breadcrumbs: readonly LogLine[]
  readonly looked: ErrorList['looked']
}

/** `map` */
export interface MapNode {
  readonly id: number
  readonly deviceId: string
  readonly deviceName: string
  readonly module: string
  readonly service: string | null
  readonly spans: number
  readonly errors: number
}
export interface MapEdge {
  readonly from: number
  readonly to: number
  readonly via: 'call' | 'message' | 'link'
  readonly count: number
  readonly errors: number
  readonly p50Ms: number
  readonly p95Ms: number
}
export interface ServiceMap {
  readonly nodes: readonly MapNode[]
  readonly edges: readonly MapEdge[]
  readonly unknownCallers: number
  readonly leftOut: number
  readonly looked: Looked
}
