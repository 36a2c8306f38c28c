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

// --- Search (docs/spec/search.md) ---

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
export interface ErrorGroup {
  readonly fingerprint: string
  readonly module: string
  readonly service: string | null
  readonly type: string
  readonly message: string
  readonly frames: readonly string[]
  readonly count: number
  readonly spans: number
  readonly firstUnixNano: string
  readonly lastUnixNano: string
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly traceId: string | null
  readonly spanId: string | null
}
export interface ErrorList {
  readonly errors: readonly ErrorGroup[]
  readonly others: number
  readonly looked: { readonly traces: Looked | null; readonly logs: Looked | null }
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

// --- Metrics (docs/spec/metrics.md) ---

export type MetricTypeName = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'

/** Of `metrics`: one name, unit and kind. */
export interface MetricSummary {
  readonly name: string
  readonly unit: string
  readonly type: MetricTypeName
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  /** What it can be asked for, what is shown by default first. */
  readonly functions: readonly string[]
  readonly series: number
  readonly devices: readonly { readonly deviceId: string; readonly name: string }[]
  readonly modules: readonly string[]
  /** Of all its series the latest sample; the value is null where it is no number. */
  readonly lastUnixMs: number
  readonly lastValue: number | string | null
}

/** `metrics` */
export interface MetricList {
  /** By name. */
  readonly metrics: readonly MetricSummary[]
  readonly omitted: number
  /** Stored chunks that were not looked at for want of time, and that could not be read. */
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

export interface MetricLine {
  /** Labels that tell this line from the others. */
  readonly labels: Readonly<Record<string, string>>
  /** How many series are in it. */
  readonly series: number
  /** One a step from `fromUnixMs` on; null where nothing was recorded. What JSON has no number for is a word. */
  readonly values: readonly (number | string | null)[]
}
export interface MetricExemplar {
  readonly timeUnixMs: number
  readonly value: number | string
  readonly traceId: string
  readonly spanId: string | null
  readonly deviceId: string
}

/** `metrics NAME` */
export interface MetricRange {
  readonly name: string
  readonly unit: string
  readonly type: MetricTypeName
  readonly temporality: 'delta' | 'cumulative' | null
  readonly monotonic: boolean
  readonly fn: string
  readonly functions: readonly string[]
  /** The steps as they are: perhaps longer than asked for, and from a multiple of their length on. */
  readonly fromUnixMs: number
  readonly toUnixMs: number
  readonly stepMs: number
  readonly lines: readonly MetricLine[]
  readonly exemplars: readonly MetricExemplar[]
  readonly omittedLines: number
  readonly omittedSeries: number
  /** Series of this name that are of another unit or type than those shown. */
  readonly otherKinds: number
  readonly omittedChunks: number
  readonly unreadableChunks: number
}

// --- The device (docs/spec/http.md) ---

export type StageName = 'casual' | 'pro' | 'developer'

export interface PeerView {
  readonly deviceId: string
  readonly name: string
  readonly connected: boolean
  readonly lastSeenUnixMs: number | null
}

/** Who removed this device from its mesh. */
export interface RemovedByView {
  /** Null if nobody did: whoever took it in was removed, and its own place went with that. */
  readonly deviceId: string | null
  /** Null for a device that was never known here. */
  readonly name: string | null
  /** It removed itself. */
  readonly self: boolean
  /** RFC 3339, UTC, on the clock of the device that did it. */
  readonly at: string | null
}

/** `status` */
export interface StatusView {
  readonly deviceId: string
  readonly name: string
  readonly stage: StageName
  readonly keyStore: 'file' | 'passphrase'
  readonly version: string
  readonly uptimeMs: number
  readonly store: { readonly segments: number; readonly records: number; readonly bytes: number }
  readonly mesh: { readonly listening: readonly string[]; readonly peers: readonly PeerView[] }
  /** Null while this device is a member of its mesh. After a removal it has no peers until it is paired again. */
  readonly removedBy: RemovedByView | null
  readonly modules: readonly string[]
  /** Base URL of the OTLP receiver without a path, or null while it is closed. */
  readonly otlp: string | null
  /** Why nothing comes in or leaves now: the code of a disk that does not take what this start has to record. */
  readonly held: string | null
  /** Since when the disk has been full: records are refused until it has room, what is here is shown. Null while it has. */
  readonly diskFullSinceUnixMs: number | null
  /** What was refused, dropped or rejected since the device was made, by reason. */
  readonly counters: Readonly<Record<string, number>>
  /** What was put back or lost behind this device's back; while one stands, nothing of it leaves. */
  readonly alarms: readonly AlarmView[]
  /** Stored records that are damaged on this disk and not back yet, by the device whose they are. */
  readonly damaged: readonly DamagedView[]
}

/** In `status`. They are asked for again of devices that may have them, until one gives them back. */
export interface DamagedView {
  readonly deviceId: string
  /** Null for a device that is not known any more. */
  readonly name: string | null
  readonly self: boolean
  readonly segments: number
  readonly records: number
}

/** How the agent fared for as long as it was asked to look. */
export interface RuntimeView {
  readonly watchedMs: number
  /** Resident memory of the agent's process, both threads. */
  readonly rssBytes: number
  /** Bytes of OTLP that wait for the store thread. */
  readonly waitingBytes: number
  /** Requests with records of this device that came in meanwhile, and the commits that they shared. */
  readonly intake: { readonly requests: number; readonly commits: number }
  readonly main: RuntimeThreadView
  readonly store: RuntimeThreadView
}

/** How long a thread's event loop was held up, and what its heap holds. */
export interface RuntimeThreadView {
  readonly delayP50Ms: number
  readonly delayP99Ms: number
  readonly delayMaxMs: number
  readonly heapUsedBytes: number
  readonly buffersBytes: number
}

/** How long records of a lane are kept, and how much room they get. */
export interface LaneLimitsView {
  readonly maxAgeDays: number
  /** Of sealed records, as they lie on the disk. */
  readonly maxBytes: number
}
export type RetentionView = Readonly<Record<'traces' | 'logs' | 'metrics', LaneLimitsView>>

/** Records that were kept and are gone. `lease`: their owner was not heard of for as long as its grant allows. */
export interface GoneView {
  readonly reason: 'age' | 'size' | 'lease'
  readonly segments: number
  readonly records: number
  readonly bytes: number
  readonly firstUnixMs: number
  readonly lastUnixMs: number
}
export interface KeptView {
  readonly segments: number
  readonly records: number
  /** Sealed. */
  readonly bytes: number
  /** When the oldest of them says it was recorded. */
  readonly sinceUnixMs: number | null
  readonly gone: readonly GoneView[]
}
export interface KeptSourceView extends KeptView {
  readonly deviceId: string
  readonly module: string
}
export interface KeptLaneView extends KeptView {
  readonly lane: 'traces' | 'logs' | 'metrics'
  readonly limits: LaneLimitsView
  /** The largest first. */
  readonly sources: readonly KeptSourceView[]
}
/** What is on this device, of its own records and of others. */
export interface StoreStatsView {
  readonly lanes: readonly KeptLaneView[]
  /** Acknowledged, and not yet in a segment. */
  readonly openRecords: number
  readonly holds: number
  readonly disk: {
    readonly packBytes: number
    readonly databaseBytes: number
    /** Of the database: not used now. */
    readonly freeBytes: number
  }
  readonly index: {
    readonly tailSegments: number
    readonly tailBytes: number
    readonly parts: number
    readonly blocks: number
    readonly blockBytes: number
    readonly cachedBytes: number
  }
}

/** How far the index is that is made again from the segments. */
export interface ReindexView {
  readonly isRunning: boolean
  readonly segments: number
  readonly ofSegments: number
  /** Code of the error that the last run ended with; the next goes on with it. */
  readonly failure: string | null
}

/** What keeps records from being dropped. */
export interface HoldView {
  readonly id: number
  readonly createdUnixMs: number
  readonly reason: string
  readonly scope:
    | { readonly kind: 'trace'; readonly traceId: string }
    | {
        readonly kind: 'range'
        readonly fromUnixMs: number
        readonly toUnixMs: number
        readonly deviceId?: string | undefined
        readonly module?: string | undefined
      }
}

/** In `status`, and what `audit accept` answers. Codes are those of docs/spec/audit.md, AU22. */
export interface AlarmView {
  readonly code: string
  readonly at: string
  readonly message: string
}

/** `stage NAME`: what a change opens and closes, in sentences. */
export interface StageChangeView {
  readonly from: StageName
  readonly to: StageName
  readonly opens: readonly string[]
  readonly closes: readonly string[]
  readonly kept: string
  /** Base URL for OTLP, once changed; null while nothing takes it. */
  readonly otlp?: string | null
}

/** `modules add` */
export interface ModuleAddedView {
  readonly module: string
  /** Path of the credential file to hand to the module. */
  readonly credential: string
}

/** `modules list` */
export interface ModuleView {
  readonly module: string
  readonly credential: string
  readonly endpoint: string | null
  readonly sessions: number
}

/** `pair invite` */
export interface InviteView {
  readonly ticket: string
  /** RFC 3339, UTC. */
  readonly expiresAt: string
}

/** `pair join` */
export interface PairedView {
  readonly deviceId: string
  readonly name: string
}

/** `pair nearby` */
export interface NearbyView {
  readonly addresses: readonly string[]
  readonly deviceId: string | null
  readonly name: string | null
  readonly pairing: boolean
}

/** `devices list`: one member of this device's mesh. */
export interface DeviceView extends PeerView {
  readonly self: boolean
  readonly addedBy: string | null
}
/** `devices list` */
export interface DeviceList {
  /** Empty when this device was removed. */
  readonly devices: readonly DeviceView[]
  readonly removedBy: RemovedByView | null
  /** Names of devices that were in a mesh with this one and no longer are; its own too once it was removed. */
  readonly former: readonly { readonly deviceId: string; readonly name: string }[]
}

export type GrantStateName = 'active' | 'scheduled' | 'expired' | 'revoked' | 'lapsed' | 'void'

/** `consent list`; times are RFC 3339 in UTC, `since` null is everything kept, `until` null is until revoked. */
export interface GrantView {
  readonly grantId: string
  readonly from: string
  readonly to: string
  readonly may: 'see' | 'carry'
  readonly lanes: readonly string[]
  /** Null: every module. */
  readonly modules: readonly string[] | null
  readonly since: string | null
  readonly until: string | null
  readonly purpose: string
  readonly state: GrantStateName
}

/** `consent grant` */
export interface GrantedView {
  readonly grantId: string
  /** The plain words that were consented to. */
  readonly notice: string
  /** Whether a grant that says the same stood already: it is this one, and no other was given. */
  readonly existing: boolean
}

/** `consent revoke GRANT` */
export interface RevokedView {
  readonly grantId: string
  /** Other grants to the same device that are in force, or will be. */
  readonly stillOpen: readonly GrantView[]
}

/** `consent revoke --to DEVICE` */
export interface RevokedAllView {
  readonly grantIds: readonly string[]
}

/** `consent history`: one operation. */
export interface ConsentEventView {
  readonly grantId: string
  readonly kind: 'grant' | 'revoke'
  readonly from: string
  readonly to: string
  readonly at: string
}

/** `peers`: the devices of this one's mesh; none after it was removed. */
export interface PeersView {
  readonly peers: readonly PeerDetailView[]
  readonly removedBy: RemovedByView | null
}

/** One of `peers`. */
export interface PeerDetailView extends PeerView {
  readonly pendingSegments: number
  readonly syncedUnixMs: number | null
  readonly clock: ClockOffset | null
  readonly segmentsIn: number
  readonly segmentsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** `audit list`: one leaf; `payload` is null when there is none or it was erased. */
export interface AuditView {
  readonly seq: number
  readonly at: string
  readonly type: string
  readonly outcome: string
  readonly severity: string
  readonly actor: { readonly kind: string; readonly ref: string }
  readonly object: { readonly kind: string; readonly ref: string } | null
  readonly payload: Readonly<Record<string, unknown>> | null
}

/** `audit verify` */
export interface AuditVerdictView {
  readonly ok: boolean
  readonly size: number | null
  /** Root of the Merkle tree (RFC 6962), hex. */
  readonly root: string | null
  readonly code: string | null
  readonly seq: number | null
}

/** Every error, over HTTP and with `--json`. */
export interface ErrorView {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  }
}

// --- Import and export (docs/spec/import-export.md) ---

/** What became of one batch of an import. */
export interface ImportedView {
  /** Records, and for metrics their points. */
  readonly accepted: number
  /** Those that were malformed; the code and the words are the first one's. */
  readonly rejected: { readonly count: number; readonly code: string; readonly message: string } | null
}

/** What an export says at its end. */
export interface ExportView {
  /** Spans, log records and metrics. */
  readonly records: number
  readonly messages: number
  readonly bytes: number
  /** Stored chunks left out because they are not what their device recorded, or cannot be read. */
  readonly tampered: number
  readonly unreadable: number
}
