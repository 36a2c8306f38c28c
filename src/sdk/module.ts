/**
 * A module's connection to its agent, put together: tracer, logger, messages, and what carries them.
 * After it was made nothing here throws into the module, waits for the agent, or grows without bound.
 */
import {
  context as contextApi,
  ROOT_CONTEXT,
  type Context,
  type Meter,
  type MeterProvider,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { Clock } from '../base/clock.ts'
import { toHex } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import type { ReportKind } from '../model/report-kind.ts'
import type { Stage } from '../model/stage.ts'
import { MAX_REPORT_BYTES } from '../wire/bus-frames.ts'
import {
  encodeAuditReport,
  encodeNotifyReport,
  readAuditReport,
  readNotifyReport,
  type AuditReport,
  type ReportData,
} from '../wire/bus-report.ts'
import { BusClient, type ClientCounters } from './bus-client.ts'
import { HealthChecks, type HealthCheck } from './health-checks.ts'
import type { OpenLink } from './link.ts'
import { activeSpan, spanOfLog } from './active-span.ts'
import { readAll } from './attribute-value.ts'
import { callerOf } from './code-location.ts'
import { createLogger, SEVERITY, toErrorRecord, toEvent, type Bindings, type ModuleLogger } from './logger.ts'
import { Messaging, type MessageHandler, type PublishOptions, type RequestOptions } from './messaging.ts'
import type { ReceivedMessage } from './received-message.ts'
import { ModuleRecords, type RecordCounts } from './module-records.ts'
import { originOf, SDK_NAME, SDK_VERSION, type OriginOptions } from './origin.ts'
import { pinoDestination, type PinoDestination } from './pino-destination.ts'
import { extractHeaders, injectHeaders, type MutableHeaders, type ReadableHeaders } from './propagation.ts'
import { safely } from './safely.ts'
import { Recording } from './recording.ts'
import type { Spool } from './spool/spool.ts'

/** Longest wait of `flush` and `close` unless told otherwise, in milliseconds. */
export const DEFAULT_FLUSH_TIMEOUT_MS = 5000
const SESSION_ID_BYTES = 16
/** Longest delay a Node timer takes. */
const FOR_EVER_MS = 2_147_483_647

export interface ModuleOptions extends OriginOptions {
  /** Whether each log record says in which function, file and line it was written. Default false: it costs some microseconds. */
  readonly codeLocation?: boolean
  /**
   * Whether the process that the module runs in is measured every 15 seconds: processor, memory, event loop, uptime. Kept from
   * the pro stage on. Default false: of several modules in a process one may, and a plugin's manifest has to ask for `metrics`.
   */
  readonly processMetrics?: boolean
}

export interface FlushOptions {
  readonly timeoutMs?: number
}

export interface ModuleStats extends ClientCounters, RecordCounts {
  readonly isConnected: boolean
  /** Messages not handled because too many handlers were running. */
  readonly unhandledMessages: number
  /**
   * What the agent refused, by its code (docs/spec/bus.md, BU79): records, details of records that were left out or cut,
   * messages and subscriptions. A plugin's author reads here what its manifest does not allow.
   */
  readonly refusals: Readonly<Record<string, number>>
}

export interface ModuleDeps {
  readonly clock: Clock
  readonly crypto: Pick<Crypto, 'randomBytes' | 'sha256'>
  readonly openLink: OpenLink
  /** Where what waits goes while the agent is away. */
  readonly spool?: Spool | undefined
}

export class Module {
  /** The module's name, from its credential. */
  readonly name: string
  /** `session.id` on every record: one per `connect()`. */
  readonly sessionId: string
  readonly tracer: Tracer
  readonly meter: Meter
  /** For libraries that instrument: a tracer for each of them. */
  readonly tracerProvider: TracerProvider
  /** The same for meters. */
  readonly meterProvider: MeterProvider
  readonly logger: ModuleLogger
  readonly #clock: Clock
  readonly #client: BusClient
  readonly #messaging: Messaging
  readonly #records: ModuleRecords
  readonly #health: HealthChecks
  readonly #recording = new Recording()
  readonly #hasLocation: boolean

  constructor(name: string, deps: ModuleDeps, options: ModuleOptions = {}) {
    const { clock, crypto, openLink, spool } = deps
    contextApi.setGlobalContextManager(new AsyncLocalStorageContextManager()) // does nothing if the module has one
    this.#clock = clock
    this.name = name
    this.sessionId = toHex(crypto.randomBytes(SESSION_ID_BYTES))
    this.#client = new BusClient({
      clock,
      openLink,
      spool,
      stream: this.sessionId,
      sdk: `${SDK_NAME}/${SDK_VERSION}`,
      onStage: (stage) => {
        this.#recording.setStage(stage)
        this.#records.setStage(stage)
        this.#health.setStage(stage)
      },
      onRecording: (rules) => this.#recording.set(rules),
      onMessage: (envelope, body) => this.#messaging.receive(envelope, body),
    })
    this.#records = new ModuleRecords({
      clock,
      crypto,
      origin: originOf(name, this.sessionId, options),
      recording: this.#recording,
      hasProcess: options.processMetrics === true,
      deliver: (signal, { bytes, records }) => this.#client.deliver(signal, bytes, records),
      onUncollected: () => this.#client.counters.uncollectedRecords++,
    })
    const { tracers, metrics } = this.#records
    this.tracer = tracers.own
    this.tracerProvider = { getTracer: (of, version) => tracers.of(of, version) }
    this.meterProvider = metrics
    this.meter = metrics.own
    this.#health = new HealthChecks({ clock, report: (checks) => this.#client.health(checks) })
    this.#hasLocation = options.codeLocation === true
    this.logger = createLogger({
      clock,
      recording: this.#recording,
      hasLocation: this.#hasLocation,
      onLog: (log) => this.#records.addLog(log),
    })
    this.#messaging = new Messaging({
      module: name,
      sessionId: this.sessionId,
      tracer: this.tracer,
      clock,
      crypto,
      send: (envelope, body) => this.#client.publish(envelope, body),
      subscribe: (prefix) => this.#client.subscribe(prefix),
      unsubscribe: (prefix) => this.#client.unsubscribe(prefix),
    })
  }

  /** Connects in the background; `connect()` of the SDK calls it. */
  start(): void {
    this.#client.connect()
  }

  /** What the device's owner opted into, as far as the agent said. */
  get stage(): Stage | undefined {
    return this.#client.stage
  }

  get stats(): ModuleStats {
    return {
      ...this.#client.counters,
      ...this.#records.counts(),
      isConnected: this.#client.isReady,
      unhandledMessages: this.#messaging.dropped,
      refusals: this.#client.refusals.all,
    }
  }

  /** For a module that logs through pino: `pino(options, mesh.pinoDestination())`. */
  pinoDestination(): PinoDestination {
    return pinoDestination({
      clock: this.#clock,
      recording: this.#recording,
      onLog: (log) => this.#records.addLog(log),
      onBadLine: () => this.#records.addUnencodable(1),
    })
  }

  /** Sends a message to every module that subscribed to its topic, at most once, in a PRODUCER span. @returns false if dropped. */
  publish(topic: string, payload: unknown, options: PublishOptions = {}): boolean {
    return this.#messaging.publish(topic, payload, options)
  }

  /**
   * Sends a message and resolves with the first answer: what another module's handler of it returns.
   * @throws {SdkError} `SDK_REQUEST_NOT_SENT`, `SDK_REQUEST_TIMEOUT`, or `SDK_REQUEST_FAILED` with `details.type` of what was thrown
   */
  request(topic: string, payload: unknown, options: RequestOptions = {}): Promise<ReceivedMessage> {
    return this.#messaging.request(topic, payload, options)
  }

  /**
   * Records an event in this device's audit log, which nobody can change unnoticed. It is sent until it is there, and kept once.
   * @param type two to four words, such as `memory.erased`; `agent.`, `audit.`, `consent.` and their like are the agent's
   * @param data up to 32 names with a text, number, boolean or null each; encrypted, and erased when its time is over
   * @returns false if it is not such an event, and was not sent
   */
  audit(type: string, data: ReportData = {}, outcome: AuditReport['outcome'] = 'success'): boolean {
    const { traceId, spanId } = spanOfLog(activeSpan())
    const trace = traceId && spanId ? { traceId, spanId } : undefined
    return this.#report('audit', { type, outcome, trace, data }, encodeAuditReport, readAuditReport)
  }

  /**
   * Tells the person something, in one short sentence of up to 140 characters in their words.
   * @returns false if it is not such a sentence, and was not sent
   */
  notify(text: string): boolean {
    return this.#report('notify', { text }, encodeNotifyReport, readNotifyReport)
  }

  /**
   * Asks `check` every ten seconds, from the pro stage on, whether something works; the person sees it in `status --health`.
   * @param check answers `pass`, `warn`, `fail`, or that with a reason in plain words; what it throws is a failure
   * @returns what takes the check away
   */
  registerHealthCheck(name: string, check: HealthCheck): () => void {
    return this.#health.register(name, check)
  }

  /** Records that something happened: OpenTelemetry's event, by a name such as `aico.emotion.changed` (docs/spec/conventions.md). */
  event(name: string, attributes: Bindings = {}): void {
    if (!this.#recording.takesLog(SEVERITY.info.severityNumber)) return
    this.#records.addLog(toEvent(this.#clock, name, attributes))
  }

  /** Records an error that was caught, with its type, message and stack, and whatever else there is to say. */
  captureError(error: unknown, fields: Bindings = {}): void {
    const where = this.#hasLocation ? callerOf(callerOf, 1) : {}
    this.#records.addLog(toErrorRecord(this.#clock, error, this.logger.bindings(), fields, where))
  }

  /**
   * Runs `handler` for each message whose topic starts with `prefix`, in a CONSUMER span that continues the sender's.
   * What it throws is recorded on that span. @returns what ends the subscription.
   */
  subscribe(prefix: string, handler: MessageHandler): () => void {
    return this.#messaging.subscribe(prefix, handler)
  }

  /** Adds W3C headers of the active span to the headers of a request to another process or device. */
  inject<H extends MutableHeaders>(headers: H): H {
    return safely(() => injectHeaders(headers, contextApi.active()), headers)
  }

  /** The caller's context out of a request's headers, for `tracer.startSpan` or `context.with`. */
  extract(headers: ReadableHeaders): Context {
    return safely(() => extractHeaders(headers), ROOT_CONTEXT)
  }

  /**
   * Resolves once there is room for more: at once, unless the module has been quicker than the agent for a while. A module that
   * records in bulk and waits for this every few thousand records loses none; one that does not may, and it is counted.
   */
  room(): Promise<void> {
    return whileAlive(this.#client.room())
  }

  /**
   * Sends what is waiting. @returns true once the agent has committed all telemetry and answered all messages and
   * subscriptions so far, false after the timeout: then it is still kept, and still tried.
   */
  async flush(options: FlushOptions = {}): Promise<boolean> {
    const timeoutMs = timeoutOf(options)
    const startedAt = this.#clock.monotonic()
    this.#records.flush()
    // Who observes may take longer than whoever waits here has.
    const isMeasured = await whileAlive(this.#within(timeoutMs, this.#records.metrics.collect()))
    const leftMs = Math.max(0, timeoutMs - (this.#clock.monotonic() - startedAt))
    return (await whileAlive(this.#client.drain(leftMs))) && isMeasured
  }

  /**
   * Ends subscriptions, lets running handlers finish, flushes, disconnects; all within the timeout.
   * @returns true if nothing is left: then even `process.exit()` loses nothing.
   */
  async close(options: FlushOptions = {}): Promise<boolean> {
    const timeoutMs = timeoutOf(options)
    const startedAt = this.#clock.monotonic()
    this.#records.stopProcess()
    this.#client.forgetSubscriptions()
    const isIdle = await whileAlive(this.#within(timeoutMs, this.#messaging.close()))
    const isFlushed = await this.flush({ timeoutMs: Math.max(0, timeoutMs - (this.#clock.monotonic() - startedAt)) })
    this.#records.metrics.stop()
    this.#health.stop()
    await whileAlive(this.#client.close())
    return isIdle && isFlushed
  }

  /** @returns false if it took longer. */
  async #within(timeoutMs: number, work: Promise<void>): Promise<boolean> {
    const { promise: timeout, resolve } = Promise.withResolvers<boolean>()
    const cancel = this.#clock.after(timeoutMs, () => resolve(false))
    const isDone = await Promise.race([work.then(() => true), timeout])
    cancel()
    return isDone
  }

  /** Sends only what the agent will be able to read. */
  #report<T>(
    kind: ReportKind,
    report: T,
    encode: (report: T) => Uint8Array,
    read: (body: Uint8Array) => T | undefined,
  ) {
    return safely(() => {
      const body = encode(report)
      if (body.length > MAX_REPORT_BYTES || read(body) === undefined) return false
      this.#client.deliver(kind, body, 1)
      return true
    }, false)
  }
}

function timeoutOf(options: FlushOptions): number {
  const { timeoutMs } = readAll(options) as FlushOptions
  return typeof timeoutMs === 'number' ? timeoutMs : DEFAULT_FLUSH_TIMEOUT_MS
}

/** Our timers let a process end; while somebody waits for this answer, it does not. */
async function whileAlive<T>(answer: Promise<T>): Promise<T> {
  const keepAlive = setTimeout(() => {}, FOR_EVER_MS)
  try {
    return await answer
  } finally {
    clearTimeout(keepAlive)
  }
}
