/** Traces and logs as the agent answers them. docs/spec/query.md. */

export type Provenance = 'verified' | 'unverified' | 'tampered' | 'conflict'
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type SpanStatus = 'unset' | 'ok' | 'error'
export type GapReason = 'not-here' | 'no-consent' | 'not-synced' | 'expired' | 'dropped'

/** How far a device's clock is ahead of the answering device's (negative: behind), give or take `errorMs`. */
export interface ClockOffset {
  readonly offsetMs: number
  readonly errorMs: number
}

export interface TraceDevice {
  readonly deviceId: string
  readonly name: string
  readonly self: boolean
  readonly spans: number
  readonly verified: number
  readonly clock: ClockOffset | null
  /** Sums of its spans' own. */
  readonly selfNano: string
  readonly criticalNano: string
}

/** A module of a device, as far as it has spans in the trace. */
export interface TraceModule {
  readonly deviceId: string
  readonly module: string
  readonly spans: number
  readonly selfNano: string
  readonly criticalNano: string
}

/** A span of another trace that links to this one. */
export interface LinkedFrom {
  /** The span of this trace that it links to; it need not be here. */
  readonly linksTo: string
  readonly traceId: string
  readonly spanId: string
  readonly name: string
  readonly deviceId: string
  readonly deviceName: string
  readonly module: string
  readonly evidence: Exclude<Provenance, 'conflict'>
}

/** In drawing order: a row's parent is the nearest row above with `depth - 1`. */
export interface TraceSpan {
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly deviceId: string
  readonly module: string
  readonly name: string
  readonly kind: SpanKind
  readonly startUnixNano: string
  readonly endUnixNano: string
  readonly status: SpanStatus
  readonly provenance: Provenance
  readonly evidence: Exclude<Provenance, 'conflict'>
  readonly statusMessage: string
  readonly durationNano: string
  /** For drawing only: the start on the answering device's clock. */
  readonly correctedStartUnixNano: string
  readonly depth: number
  readonly orderUncertain: boolean
  readonly loop: boolean
  /** Its duration without the time that its children took of it. */
  readonly selfNano: string
  /** On the critical path: the trace's end had to wait for it. */
  readonly critical: boolean
  /** Where it is critical: its own part of the path. */
  readonly criticalNano?: string
  readonly events: number
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** Only when asked for. */
  readonly attributes?: Readonly<Record<string, unknown>>
}

export interface TraceGap {
  readonly reason: GapReason
  readonly deviceId: string | null
  readonly parentSpanId: string | null
  readonly count: number | null
}

export type InvestigationStatus = 'open' | 'solved' | 'dismissed'

/** What `traces show` says of a trace's investigation. */
export interface InvestigationMarks {
  readonly status: InvestigationStatus | null
  readonly notes: number
  readonly labels: readonly string[]
  readonly pinned: readonly string[]
  readonly hidden: readonly string[]
}

/** `traces show` */
export interface TraceView {
  readonly traceId: string
  readonly complete: boolean
  readonly devices: readonly TraceDevice[]
  readonly modules: readonly TraceModule[]
  readonly spans: readonly TraceSpan[]
  readonly gaps: readonly TraceGap[]
  /** Names of the devices that gaps name, by device id. */
  readonly gapDevices: Readonly<Record<string, string>>
  readonly unreadableChunks: number
  readonly omittedSpans: number
  /** The next three only when asked for. */
  readonly linkedFrom?: readonly LinkedFrom[]
  /** Linking spans that were found and are not listed. */
  readonly linkedFromOmitted?: number
  /** There may be more: not all that may link to this trace was looked at. */
  readonly linkedFromPartial?: boolean
  /** Only where there is one. */
  readonly investigation?: InvestigationMarks
}

export interface TraceListEntry {
  readonly traceId: string
  readonly rootName: string | null
  readonly startUnixNano: string
  readonly durationMs: number
  readonly spans: number
  readonly errors: number
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly modules: readonly string[]
}

/** How much of what is stored an answer was made of (docs/spec/search.md SQ10). */
export interface Looked {
  readonly chunks: number
  readonly ofChunks: number
  readonly records: number
  readonly unreadable: number
  /** Null: all that matters was looked at. */
  readonly cut: 'bytes' | 'time' | 'memory' | null
  /** Where it was cut: nothing older was looked at. */
  readonly backToUnixNano: string | null
}

/** `traces list`, `traces search` */
export interface TraceList {
  readonly traces: readonly TraceListEntry[]
  /** Asks for the next page. */
  readonly cursor: string | null
  readonly looked: Looked
}

export interface LogLine {
  readonly timeUnixNano: string
  readonly severity: 'unspecified' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'
  readonly severityNumber: number
  readonly body: string
  readonly traceId: string | null
  readonly spanId: string | null
  readonly deviceId: string
  readonly deviceName: string
  readonly module: string
  readonly provenance: Exclude<Provenance, 'conflict'>
  readonly attributes: Readonly<Record<string, unknown>>
  /** The whole record as an OTLP/JSON message of its own; where the query asked for `otlp`. */
  readonly otlp?: Readonly<Record<string, unknown>> | undefined
}

/** `logs` */
export interface LogList {
  readonly logs: readonly LogLine[]
  /** Matching records beyond the limit: farther from where the page begins than those listed. */
  readonly omitted: number
  /** Stored chunks that were not looked at, and may hold matching records that `omitted` does not count. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
  /** Asks for the page before the first line. */
  readonly older: string | null
  /** Asks for what comes behind the last line, also later. */
  readonly newer: string | null
  readonly looked: Looked
}
