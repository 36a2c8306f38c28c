/** What the bus needs from the rest of the agent, and the words it shares with it. */
import type { Clock } from '../base/clock.ts'
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Delivery } from '../model/delivery.ts'
import type { HealthReport } from '../model/health.ts'
import type { Signal } from '../model/lane.ts'
import type { ApprovedPlugin } from '../model/plugin.ts'
import type { RecordingRule } from '../model/recording.ts'
import type { ReportKind } from '../model/report-kind.ts'
import type { Stage } from '../model/stage.ts'
import type { TelemetryEncoding } from '../wire/bus-frames.ts'

export type BusErrorCode = 'BUS_RECORD_INVALID' | 'BUS_MODULE_EXISTS' | 'BUS_BIND_FAILED'
export class BusError extends MeshError<BusErrorCode> {}

/** What the agent keeps about one module. Keys are CURVE keys in Z85, 40 characters. */
export interface ModuleRecord {
  readonly name: string
  readonly serverPublicKey: string
  readonly serverSecretKey: string
  readonly clientPublicKey: string
  /** Where to listen for it. Without one: `<dir>/<name>.sock`, or any free loopback port where that cannot be. */
  readonly endpoint?: string
  /** Of a third party: it may do what this says, and nothing else. */
  readonly plugin?: ApprovedPlugin
  /** What it is to record; without rules everything. */
  readonly recording?: readonly RecordingRule[]
}

/** Who may say and hear what. */
export interface BusAccess {
  mayPublish(module: ModuleRecord, topic: string): boolean
  maySubscribe(module: ModuleRecord, prefix: string): boolean
}

export interface TelemetryBatch {
  /** From the credential that carried it; a module cannot choose it. */
  readonly module: string
  readonly signal: Signal
  readonly encoding: TelemetryEncoding
  /** OTLP `TracesData`, `LogsData` or `MetricsData`. */
  readonly bytes: Uint8Array
  /** So that it is kept once, however often it is sent. */
  readonly delivery?: Delivery | undefined
}

export interface TelemetryTaken {
  readonly accepted: number
  readonly rejected: number
  /** Why records were rejected: the first reason. */
  readonly code?: string | undefined
  /** By code: records that were rejected, and details of records that were left out or cut. */
  readonly refusals?: ReadonlyMap<string, number> | undefined
}

export interface TelemetrySink {
  /**
   * Resolves once the batch is committed. Rejects with a `MeshError` whose code is `BUSY` or ends in `_BUSY` if it
   * should be sent again (after `details.retryAfterMs`), with any other `MeshError` if it never will be taken.
   */
  accept(batch: TelemetryBatch): Promise<TelemetryTaken>
}

/** What a module reports itself: see wire/bus-report.ts. */
export interface ModuleReport {
  readonly module: string
  readonly kind: ReportKind
  readonly bytes: Uint8Array
  readonly delivery?: Delivery | undefined
}

export interface ReportSink {
  /** Resolves once it is committed; rejects as {@link TelemetrySink} does. */
  accept(report: ModuleReport): Promise<void>
}

/** Told, as it happens, of who is connected and how it says it fares. */
export interface HealthSink {
  began(module: string, session: string): void
  reported(module: string, session: string, reports: readonly HealthReport[]): void
  ended(module: string, session: string): void
  removed(module: string): void
}

export interface BusDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly telemetry: TelemetrySink
  readonly reports: ReportSink
  readonly access: BusAccess
  readonly modules: { list(): readonly ModuleRecord[] }
}

export interface BusOptions {
  /** Folder of the sockets; made if absent, and set to 0700. */
  readonly dir: string
  /** The stage modules are told when they connect. Default `casual`. */
  readonly stage?: Stage
  /** A foreign key on this module's endpoint, `count` times since last told. At most once per ten seconds and module. */
  readonly onRefused?: (module: string, count: number) => void
  /** Default: nobody is told. */
  readonly health?: HealthSink
  /** A module published or subscribed to what it may not. Every time: whoever listens merges. */
  readonly onNotAllowed?: (module: string) => void
  /** Default: this system's. `win32` has no `ipc://`. */
  readonly platform?: NodeJS.Platform
}

/** Counts since the bus started. */
export interface ModuleCounters {
  /** Handshakes with a key that is not the module's. */
  refusedKeys: number
  /** Frames that broke a rule. */
  badFrames: number
  /** Topics it may not publish or subscribe to. */
  notAllowed: number
  telemetryAccepted: number
  telemetryBusy: number
  telemetryRefused: number
  published: number
  delivered: number
  /** Messages not delivered to this module because it reads too slowly. */
  droppedMessages: number
  /** Sessions ended because their module did not read its answers. */
  slowReaders: number
}

export interface ModuleStatus {
  readonly name: string
  /** Where it listens; with a port where there is no `ipc`. */
  readonly endpoint: string
  readonly sessions: number
  readonly counters: Readonly<ModuleCounters>
}
