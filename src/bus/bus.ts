/**
 * The ZeroMQ bus (docs/spec/bus.md): modules report telemetry to the agent and publish messages to each other.
 *
 * Every module has an endpoint and keys of its own, so who said something is known from the connection and never from
 * the message. Telemetry is acknowledged after its commit and never dropped here; messages between modules are
 * delivered at most once and dropped, counted, for a module that reads too slowly.
 */
import { chmod, mkdir } from 'node:fs/promises'
import { Context } from 'zeromq'
import { toHex } from '../base/bytes.ts'
import type { Service } from '../base/service.ts'
import { AGENT_MODULE } from '../model/lane.ts'
import type { Stage } from '../model/stage.ts'
import { nodeCrypto } from '../platform/node-crypto.ts'
import { ENVELOPE_VERSION, type Envelope } from '../wire/bus-envelope.ts'
import { ANY_LOOPBACK_PORT, ipcEndpoint } from './bus-address.ts'
import {
  BusError,
  type BusDeps,
  type BusOptions,
  type ModuleCounters,
  type ModuleRecord,
  type ModuleStatus,
} from './bus-ports.ts'
import { checkRecord } from './module-credential.ts'
import { FramePace } from './frame-pace.ts'
import { ModuleEndpoint } from './module-endpoint.ts'
import { RefusalReporter } from './refusal-reporter.ts'
import { RouterSocket } from './router-socket.ts'
import { TelemetryInlet } from './telemetry-inlet.ts'
import { ZapHandler } from './zap-handler.ts'

const SESSION_ID_BYTES = 16
const MESSAGE_ID_BYTES = 16
const NANOS_PER_MS = 1_000_000n

/** A message of the agent's own. */
export interface AgentPublication {
  readonly topic: string
  readonly contentType: string
  readonly body: Uint8Array
}

interface Module {
  record: ModuleRecord
  readonly counters: ModuleCounters
  readonly endpoint: string
  readonly door: ModuleEndpoint
}

/** What exists only between start and stop. */
interface Running {
  readonly context: Context
  readonly zap: ZapHandler
  readonly refusals: RefusalReporter
}

export class Bus implements Service {
  readonly name = 'bus'
  readonly #deps: BusDeps
  readonly #options: BusOptions
  readonly #modules = new Map<string, Module>()
  #stage: Stage
  #running: Running | undefined

  constructor(deps: BusDeps, options: BusOptions) {
    this.#deps = deps
    this.#options = options
    this.#stage = options.stage ?? 'casual'
  }

  /** Listens for every module known. One that cannot be listened for is logged and left out. */
  async start(): Promise<void> {
    if (this.#running) return
    const { dir, onRefused } = this.#options
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await chmod(dir, 0o700)
    // A context of its own: libzmq has one ZAP handler per context.
    const context = new Context({ blocky: false })
    const refusals = new RefusalReporter(this.#deps.clock, (module, count) => onRefused?.(module, count))
    const zap = new ZapHandler(context, this.#zapRules(refusals), this.#deps.log)
    zap.start()
    this.#running = { context, zap, refusals }
    for (const record of this.#deps.modules.list()) {
      await this.addModule(record).catch((err: unknown) =>
        this.#deps.log.error({ err, module: record.name }, 'not listening for this module'),
      )
    }
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (!running) return
    this.#running = undefined
    await Promise.all([...this.#modules.values()].map(({ door }) => door.stop('BUS_STOPPING')))
    this.#modules.clear()
    running.zap.stop()
    running.refusals.stop()
  }

  /**
   * Listens for one more module, at once. Does nothing while the bus is stopped: `start` asks for the list.
   * @throws {BusError} `BUS_RECORD_INVALID`, `BUS_MODULE_EXISTS`, `BUS_BIND_FAILED`.
   */
  async addModule(record: ModuleRecord): Promise<void> {
    if (!this.#running) return
    checkRecord(record)
    if (this.#modules.has(record.name)) {
      throw new BusError('BUS_MODULE_EXISTS', 'a module of this name is on the bus', {
        details: { module: record.name },
      })
    }
    this.#modules.set(record.name, this.#listen(record, this.#running.context))
  }

  /** Ends a module's sessions and its endpoint. @returns false if there is no such module. */
  async removeModule(name: string): Promise<boolean> {
    const module = this.#modules.get(name)
    if (!module) return false
    this.#modules.delete(name)
    await module.door.stop('BUS_MODULE_REMOVED')
    this.#options.health?.removed(name)
    return true
  }

  /** Tells every connected module, and those that connect later. */
  setStage(stage: Stage): void {
    this.#stage = stage
    for (const { door } of this.#modules.values()) door.tellStage(stage)
  }

  /** Tells the module, now and whenever it connects, what it is to record. Does nothing for one that is not on the bus. */
  setRecording(record: ModuleRecord): void {
    const module = this.#modules.get(record.name)
    if (!module) return
    module.record = record
    module.door.tellRecording()
  }

  /** Says something to every module that subscribed to its topic. Dropped, counted, for one that reads too slowly. */
  publishOwn({ topic, contentType, body }: AgentPublication): void {
    this.#fanOut(
      {
        v: ENVELOPE_VERSION,
        id: toHex(nodeCrypto.randomBytes(MESSAGE_ID_BYTES)),
        topic,
        source: AGENT_MODULE,
        time_unix_nano: String(BigInt(Math.floor(this.#deps.clock.now())) * NANOS_PER_MS),
        content_type: contentType,
      },
      body,
    )
  }

  /** Whether modules can connect. */
  get isUp(): boolean {
    return this.#running !== undefined
  }

  modules(): readonly ModuleStatus[] {
    return [...this.#modules.values()].map(({ record, counters, endpoint, door }) => ({
      name: record.name,
      endpoint,
      sessions: door.sessionCount,
      counters: { ...counters },
    }))
  }

  #listen(record: ModuleRecord, context: Context): Module {
    const { telemetry, reports, access, clock, log } = this.#deps
    const { dir, platform, onNotAllowed } = this.#options
    const counters = newCounters()
    const socket = new RouterSocket(context, record)
    const wanted = record.endpoint ?? ipcEndpoint(dir, record.name, platform ?? process.platform) ?? ANY_LOOPBACK_PORT
    const endpoint = socket.bind(wanted)
    const door = new ModuleEndpoint({
      module: record.name,
      socket,
      inlet: new TelemetryInlet({ module: record.name, telemetry, reports, counters, clock, log }),
      counters,
      clock,
      log,
      pace: record.plugin && new FramePace(clock),
      stage: () => this.#stage,
      recording: () => this.#modules.get(record.name)?.record.recording ?? [],
      newSessionId: () => toHex(nodeCrypto.randomBytes(SESSION_ID_BYTES)),
      mayPublish: (topic) => access.mayPublish(record, topic),
      maySubscribe: (prefix) => access.maySubscribe(record, prefix),
      onNotAllowed: () => onNotAllowed?.(record.name),
      publish: (envelope, body) => this.#fanOut(envelope, body),
      // Whether the agent is well is not for a plugin to say.
      health: record.plugin === undefined ? this.#options.health : undefined,
    })
    door.start()
    return { record, counters, endpoint, door }
  }

  #fanOut(envelope: Envelope, body: Uint8Array): void {
    for (const { door } of this.#modules.values()) door.offer(envelope, body)
  }

  #zapRules(refusals: RefusalReporter): ConstructorParameters<typeof ZapHandler>[1] {
    return {
      clientKeyOf: (name) => this.#modules.get(name)?.record.clientPublicKey,
      onRefused: (name) => {
        const module = this.#modules.get(name)
        if (!module) return
        module.counters.refusedKeys++
        refusals.refused(name)
      },
    }
  }
}

function newCounters(): ModuleCounters {
  return {
    refusedKeys: 0,
    badFrames: 0,
    notAllowed: 0,
    telemetryAccepted: 0,
    telemetryBusy: 0,
    telemetryRefused: 0,
    published: 0,
    delivered: 0,
    droppedMessages: 0,
    slowReaders: 0,
  }
}
