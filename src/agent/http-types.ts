/**
 * The JSON that the agent answers over HTTP and `--json` prints, as plain types that the CLI shares.
 * Names and meanings are stable: fields are added, never renamed or removed. 64-bit integers are decimal strings.
 */

// --- Traces and logs (docs/spec/query.md) ---

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

/** `traces show` */
export interface TraceView {
  readonly traceId: string
  readonly complete: boolean
  readonly devices: readonly TraceDevice[]
  readonly spans: readonly TraceSpan[]
  readonly gaps: readonly TraceGap[]
  /** Names of the devices that gaps name, by device id. */
  readonly gapDevices: Readonly<Record<string, string>>
  readonly unreadableChunks: number
  readonly omittedSpans: number
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

/** `traces list` */
export interface TraceList {
  readonly traces: readonly TraceListEntry[]
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
}

/** `logs` */
export interface LogList {
  readonly logs: readonly LogLine[]
  /** Records that matched beyond the limit: older ones than those listed. */
  readonly omitted: number
  readonly unreadableChunks: number
}
