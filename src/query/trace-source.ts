/**
 * What the trace read models ask of the rest: stored chunks of spans, per-trace summaries, and what this device may
 * say about the other members. Nothing waits: queries run in the store's worker, in steps.
 */
import type { Steps } from '../base/steps.ts'
import type { ClockHistory, ClockOffset } from '../model/clock-history.ts'
import type { DeviceId, TraceId } from '../model/ids.ts'

/** What the chunk that carried a record proves about it. */
export type Evidence = 'verified' | 'unverified' | 'tampered'
/** `conflict` is not a property of a chunk: it shows only when copies are compared. */
export type Provenance = Evidence | 'conflict'

export interface StoredChunk {
  readonly deviceId: DeviceId
  readonly module: string
  /** This device's own chunks are verified once chained. */
  readonly provenance: Evidence
  /** OTLP `TracesData` or `LogsData`, uncompressed. */
  readonly payload: Uint8Array
  /** Gives the payload's memory back; nothing reads it afterwards. Undefined for one that somebody else needs too. */
  readonly free?: () => void
}

/** A chunk that has not been opened: what the index says of it. */
export interface ChunkRef {
  readonly deviceId: DeviceId
  /** Its records that are meant: spans of the trace that is asked for, or all of its log records. */
  readonly records: number
  /** Size of its payload once open. */
  readonly rawBytes: number
  /** Of its records that are meant, as its device recorded them. */
  readonly earliestUnixNano: bigint
  readonly latestUnixNano: bigint
  /** @returns undefined if it was deleted since it was named */
  open(): Steps<StoredChunk | undefined>
}

/** Every stored chunk that holds a span of one trace. */
export interface TraceChunks {
  /** By earliest start, read from the index as they are taken. A chunk may hold other traces' spans too. */
  readonly chunks: Iterable<ChunkRef>
  /** Spans of the trace in all of them. */
  readonly spans: number
  /** The earliest of them, as its device recorded it; undefined if there is none. */
  readonly first: Pick<ChunkRef, 'deviceId' | 'earliestUnixNano'> | undefined
  /** Devices of which records were deleted here that may have been of this trace: the records' time is that of the trace. */
  readonly lost: readonly LostRecords[]
}

/** `expired`: too old to be kept; `dropped`: there was no room for them. */
export interface LostRecords {
  readonly deviceId: DeviceId
  readonly reason: 'expired' | 'dropped'
}

export interface TraceSummaryRow {
  readonly traceId: TraceId
  readonly startUnixNano: bigint
  readonly endUnixNano: bigint
  readonly spans: number
  readonly errors: number
  /** Undefined while no span without a parent is here. */
  readonly rootName: string | undefined
  readonly rootModule: string | undefined
  readonly deviceIds: readonly DeviceId[]
  readonly modules: readonly string[]
}

export interface TraceSource {
  /** What is stored of a trace as the first step is taken; what comes later is not among it. */
  chunksOf(traceId: TraceId): Steps<TraceChunks>
  /** At most `limit` traces whose ids begin with these lowercase hex digits; undefined if too many may to look at them all. */
  idsFrom(prefix: string, limit: number): readonly TraceId[] | undefined
}

export interface MemberKnowledge {
  readonly deviceId: DeviceId
  readonly name: string
  readonly connected: boolean
  /** A live consent lets us see this member's traces. */
  readonly grantsTraces: boolean
  /** Segments named by its signed heads that are not here yet. */
  readonly pendingSegments: number
  /** Our wall time when its heads and ours were last equal; undefined if they never were. */
  readonly syncedThroughUnixMs: number | undefined
  /** How far its clock is from ours now, as measured on the link; never inferred from spans. */
  readonly clock: ClockOffset | null
  /** How far it was, and when. */
  readonly clockHistory: ClockHistory
}

/** What this device may say about others; `members` may include this device. */
export interface MeshKnowledge {
  readonly self: DeviceId
  readonly members: readonly MemberKnowledge[]
}
