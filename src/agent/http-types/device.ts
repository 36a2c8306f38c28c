/**
 * The JSON that the agent answers over HTTP and `--json` prints, as plain types that the CLI shares: what is about the device.
 * Names and meanings are stable, here and beside it: fields are added, never renamed or removed. 64-bit integers are decimal
 * strings. docs/spec/http.md.
 */
import type { StoredLane } from '../../model/lane.ts'
import type { ClockOffset } from './traces.ts'

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
  /** Parts of the databases that were found damaged since the start, and are not mended. */
  readonly corrupt: readonly CorruptView[]
  /** Since when the disk has been full: records are refused until it has room, what is here is shown. Null while it has. */
  readonly diskFullSinceUnixMs: number | null
  /** What was refused, dropped or rejected since the device was made, by reason. */
  readonly counters: Readonly<Record<string, number>>
  /** What was put back or lost behind this device's back; while one stands, nothing of it leaves. */
  readonly alarms: readonly AlarmView[]
  /** Stored records that are damaged on this disk and not back yet, by the device whose they are. */
  readonly damaged: readonly DamagedView[]
  /** Notifications that nobody has read: `notifications` lists them. */
  readonly unreadNotifications: number
}

/** In `status`. The index is made again from the records; `store` is anything else in store.db, `audit` is audit.db. */
export interface CorruptView {
  readonly part: 'index' | 'store' | 'audit'
  readonly sinceUnixMs: number
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
export type RetentionView = Readonly<Record<StoredLane, LaneLimitsView>>

/** Records that were kept and are gone. `quota`: their source had more than it may keep. `stage`: their stage ended, and they were not to be kept. `lease`: their owner was not heard of for as long as its grant allows. */
export interface GoneView {
  readonly reason: 'age' | 'size' | 'quota' | 'stage' | 'lease'
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
  readonly lane: StoredLane
  readonly limits: LaneLimitsView
  /** Acknowledged, and not yet in a segment. */
  readonly openRecords: number
  /** The largest first. */
  readonly sources: readonly KeptSourceView[]
}
/** What is on this device, of its own records and of others. */
export interface StoreStatsView {
  readonly lanes: readonly KeptLaneView[]
  /** Of all lanes. */
  readonly openRecords: number
  readonly holds: number
  readonly quotas: number
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

/** How much a source may keep: a module of each device, what a device has besides, or both. What is left out is every one. */
export interface QuotaView {
  readonly id: number
  readonly deviceId?: string | undefined
  readonly module?: string | undefined
  readonly lane?: StoredLane | undefined
  /** Of sealed records, as they lie on the disk. */
  readonly maxBytes: number
}

/** `store quota list`: with what devices have under it, without what is held; the most first. */
export interface QuotaUseView extends QuotaView {
  readonly used: readonly { readonly deviceId: string; readonly bytes: number }[]
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
  /** Going down, where what was kept above the new stage was to be deleted: records that went, and that stay for a hold. */
  readonly deleted?: { readonly records: number; readonly held: number } | null
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
  /** Messages that it subscribed to and did not get, because it reads too slowly or was gone, since the agent started. */
  readonly droppedMessages: number
  /** What it is to record, where not everything; by topic. */
  readonly recording: readonly RecordingRuleView[]
}

/** Of topics that begin so; empty for all. What is null is left to rules of shorter prefixes. */
export interface RecordingRuleView {
  readonly topic: string
  /** The least severe log records that are kept. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | null
  /** Which part of the traces is kept, from 0 to 1. */
  readonly sample: number | null
}

/** `pair invite` */
export interface InviteView {
  readonly ticket: string
  /** RFC 3339, UTC. */
  readonly expiresAt: string
}

/** `pair join`, `pair confirm` */
export interface PairedView {
  readonly deviceId: string
  readonly name: string
}

/** `pair nearby`: what a person compares with the other device. */
export interface ComparisonView {
  readonly deviceId: string
  /** As it calls itself. */
  readonly name: string
  /** Seven. */
  readonly emoji: readonly { readonly symbol: string; readonly name: string }[]
  /** The same as three numbers of four digits. */
  readonly numbers: readonly number[]
  /** RFC 3339, UTC. */
  readonly expiresAt: string
  /** Other devices that wait to be paired here. */
  readonly others: number
}

/** `pair nearby --look` */
export interface NearbyView {
  readonly addresses: readonly string[]
  readonly deviceId: string | null
  readonly name: string | null
  readonly pairing: boolean
}

/** `devices list`: one member of this device's mesh. */
export interface DeviceView extends PeerView {
  readonly self: boolean
  /** Null for the device that began the mesh. */
  readonly addedBy: string | null
  /** RFC 3339, UTC, on the clock of the device that added it. */
  readonly addedAt: string
}
/** `devices history` */
export interface MembershipEventView {
  readonly opId: string
  readonly kind: 'founded' | 'added' | 'removed'
  readonly deviceId: string
  readonly name: string | null
  readonly by: string
  readonly byName: string | null
  /** RFC 3339, UTC, on the clock of the device that did it. */
  readonly at: string
  /** False for what changed nothing, such as what a removed device made up. */
  readonly counts: boolean
  /** When this device learned of it, on its own clock; null for what it did not have to learn. */
  readonly learnedAt: string | null
  /** Other devices that are known to know it, and since when at the latest, each on its own clock. */
  readonly knownBy: readonly { readonly deviceId: string; readonly name: string | null; readonly at: string }[]
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
  /** What the grant lets its device do. */
  readonly may: 'see' | 'carry'
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
  /** As of now: without a connection its error grows. */
  readonly clock: ClockOffset | null
  /** The least time on the way, there and back, of the last measurements. */
  readonly roundTripMs: number | null
  /** What of it was not taken since the agent started, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Since the two last met. */
  readonly segmentsIn: number
  readonly segmentsOut: number
  readonly bytesIn: number
  readonly bytesOut: number
  /** Since the agent started. */
  readonly total: Readonly<Record<'segmentsIn' | 'segmentsOut' | 'bytesIn' | 'bytesOut', number>>
}

/** `peers limit`: bytes a second; null is no limit, 0 is none at all. */
export interface SyncLimitsView {
  readonly up: number | null
  readonly down: number | null
  readonly metered: readonly string[]
  readonly meteredRate: number
}

/** `peers show` */
export interface PeerClockView extends PeerDetailView {
  /** How its clock gains on this device's; null while that is not known well enough. */
  readonly drift: { readonly ppm: number; readonly errorPpm: number } | null
  /** What was measured, oldest first; `step`: one of the two clocks was set before it. */
  readonly clockHistory: readonly (ClockOffset & { readonly atUnixMs: number; readonly step: boolean })[]
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
  /** The first leaf of a log that began in place of one that was damaged; null for any other. */
  readonly setAside: AuditView | null
}

/** Every error, over HTTP and with `--json`. */
export interface ErrorView {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details?: Readonly<Record<string, unknown>>
  }
}
