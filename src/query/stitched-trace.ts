/**
 * A trace assembled over all devices that let us see theirs: the JSON of `traces show` (docs/spec/query.md QU1-QU12, CP1-CP6).
 * Plain JSON values only; 64-bit integers are decimal strings.
 */
import type { DeviceId, SpanId, TraceId } from '../model/ids.ts'
import type { ClockOffset } from '../model/clock-history.ts'
import type { InvestigationMarks } from './investigation/describe-investigation.ts'
import type { Evidence, Provenance } from './trace-source.ts'

export type SpanKindWord = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type SpanStatusWord = 'unset' | 'ok' | 'error'
export type GapReason = 'not-here' | 'no-consent' | 'not-synced' | 'expired' | 'dropped'

export interface TraceDevice {
  readonly deviceId: DeviceId
  readonly name: string
  /** This is the device that answers. */
  readonly self: boolean
  readonly spans: number
  /** Spans of it whose provenance is `verified`. */
  readonly verified: number
  /** Null when its clock was never measured; exactly zero for the device that answers. */
  readonly clock: ClockOffset | null
  /** Sum of its spans' own. */
  readonly selfNano: string
  readonly criticalNano: string
}

/** A module of a device, as far as it has spans here. */
export interface TraceModule {
  readonly deviceId: DeviceId
  readonly module: string
  readonly spans: number
  readonly selfNano: string
  readonly criticalNano: string
}

export interface SpanLinkRef {
  readonly traceId: TraceId
  readonly spanId: SpanId
}

/** A span of another trace that links to this one. */
export interface LinkedFrom {
  /** The span of this trace that it links to; it need not be here. */
  readonly linksTo: SpanId
  readonly traceId: TraceId
  readonly spanId: SpanId
  readonly name: string
  readonly deviceId: DeviceId
  readonly deviceName: string
  readonly module: string
  readonly evidence: Evidence
}

/** Rows come in drawing order: depth first, children by start. A row's parent is the nearest row above with depth - 1. */
export interface StitchedSpan {
  readonly spanId: SpanId
  readonly parentSpanId: SpanId | null
  readonly deviceId: DeviceId
  readonly module: string
  readonly name: string
  readonly kind: SpanKindWord
  /** As recorded by its device; never corrected. */
  readonly startUnixNano: string
  readonly endUnixNano: string
  readonly status: SpanStatusWord
  readonly provenance: Provenance
  /** What its chunk proves; differs from `provenance` only in a conflict. */
  readonly evidence: Evidence
  readonly statusMessage: string
  readonly durationNano: string
  /** Start on this device's clock, for drawing only; equals the raw start when the offset is unknown. */
  readonly correctedStartUnixNano: string
  readonly depth: number
  /** Its parent is on another device and the two clocks are not known well enough to say which started first. */
  readonly orderUncertain: boolean
  /** Its ancestors form a circle, cut here. */
  readonly loop: boolean
  /** Its duration without what its children took of it. */
  readonly selfNano: string
  /** The trace's end had to wait for it. */
  readonly critical: boolean
  /** Where it is critical: its own part of the path. */
  readonly criticalNano?: string
  readonly events: number
  readonly links: readonly SpanLinkRef[]
  readonly attributes?: Readonly<Record<string, unknown>>
}

export interface TraceGap {
  readonly reason: GapReason
  readonly deviceId: DeviceId | null
  readonly parentSpanId: SpanId | null
  /** Segments not here yet, where the owner's grant lets us know. */
  readonly count: number | null
}

export interface StitchedTrace {
  readonly traceId: TraceId
  /** No gap, nothing pending, nothing unreadable, nothing left out. */
  readonly complete: boolean
  /** Devices that have a span here, in order of appearance. */
  readonly devices: readonly TraceDevice[]
  /** In order of appearance. */
  readonly modules: readonly TraceModule[]
  readonly spans: readonly StitchedSpan[]
  readonly gaps: readonly TraceGap[]
  /** Names of devices that a gap names, by device id. */
  readonly gapDevices: Readonly<Record<string, string>>
  /** Stored chunks whose bytes could not be decoded. */
  readonly unreadableChunks: number
  /** Spans beyond the limit of one answer. */
  readonly omittedSpans: number
  /** The next three only when asked for; of the linking spans that were found the first, by start. */
  readonly linkedFrom?: readonly LinkedFrom[]
  /** Found and not listed. */
  readonly linkedFromOmitted?: number
  /** There may be more: not all that may link to this trace was looked at. */
  readonly linkedFromPartial?: boolean
  /** Only where there is one (docs/spec/documents.md). */
  readonly investigation?: InvestigationMarks
}
