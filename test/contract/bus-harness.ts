/** A real broker on real sockets for the bus contract tests, and a bare DEALER that speaks frames as a foreign program would. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Context, Dealer } from 'zeromq'
import type { Clock } from '../../src/base/clock.ts'
import type { Logger } from '../../src/base/logger.ts'
import { chooseEndpoint } from '../../src/bus/bus-address.ts'
import { Bus } from '../../src/bus/bus.ts'
import type { BusAccess, BusOptions, ModuleRecord, TelemetryBatch, TelemetrySink } from '../../src/bus/bus-ports.ts'
import { createModuleCredential } from '../../src/bus/module-credential.ts'
import { nodeClock } from '../../src/platform/node-clock.ts'
import type { ModuleCredential } from '../../src/wire/bus-credential.ts'
import { decodeAgentFrames, encodeFrames, type AgentMessage, type ModuleMessage } from '../../src/wire/bus-frames.ts'
import { decodeLogRecords, type DecodedLogRecord } from '../../src/wire/otlp/decode-logs.ts'
import { decodeSpans, type DecodedSpan } from '../../src/wire/otlp/decode-traces.ts'

/** Contexts are never given back, so one serves all. Not the broker's: that has a ZAP handler. */
const context = new Context({ blocky: false })
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
type Answer = Awaited<ReturnType<TelemetrySink['accept']>>

/** Keeps what was committed, and lets a test wait for it or decide what happens. */
export class RecordingSink implements TelemetrySink {
  readonly batches: TelemetryBatch[] = []
  /** Called before each commit; reject to refuse, wait to delay. */
  before: (batch: TelemetryBatch) => Promise<void> = async () => {}
  readonly #waiters = new Set<() => void>()

  async accept(batch: TelemetryBatch): Promise<Answer> {
    await this.before(batch)
    this.batches.push({ ...batch, bytes: batch.bytes.slice() })
    for (const waiter of this.#waiters) waiter()
    return { accepted: 1, rejected: 0 }
  }

  spans(module?: string): DecodedSpan[] {
    return this.#of('traces', module).flatMap((batch) => decodeSpans(batch.bytes))
  }

  logs(module?: string): DecodedLogRecord[] {
    return this.#of('logs', module).flatMap((batch) => decodeLogRecords(batch.bytes))
  }

  /** Resolves once `isThere()`; looks again after each commit. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiters.add(resolve)
      await promise
      this.#waiters.delete(resolve)
    }
  }

  #of(signal: TelemetryBatch['signal'], module: string | undefined): TelemetryBatch[] {
    return this.batches.filter((batch) => batch.signal === signal && (module === undefined || batch.module === module))
  }
}

export interface TestBus {
  readonly bus: Bus
  readonly sink: RecordingSink
  readonly records: ModuleRecord[]
  readonly dir: string
  /** A broker as after a restart of the agent: same folder, same records. */
  another(): Bus
  credential(module: string): ModuleCredential
  addModule(module: string): Promise<ModuleRecord>
}

/** Whoever has no manifest may everything; the policy itself has its own tests. */
const access: BusAccess = {
  mayPublish: ({ plugin }, topic) => plugin?.manifest.publish.includes(topic) ?? true,
  maySubscribe: ({ plugin }, prefix) => plugin?.manifest.subscribe.includes(prefix) ?? true,
}

export async function makeBus(
  modules: readonly string[],
  { clock = nodeClock, ...options }: Partial<BusOptions> & { readonly clock?: Clock } = {},
): Promise<TestBus & AsyncDisposable> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'bus-')))
  const sink = new RecordingSink()
  const records: ModuleRecord[] = []
  const credentials = new Map<string, ModuleCredential>()
  const buses: Bus[] = []
  const another = (): Bus => {
    const deps = {
      log: silent,
      clock,
      telemetry: sink,
      access,
      reports: { accept: async () => {} },
      modules: { list: () => records },
    }
    const bus = new Bus(deps, { stage: 'developer', ...options, dir })
    buses.push(bus)
    return bus
  }
  const addModule = async (module: string): Promise<ModuleRecord> => {
    const { record, credential } = createModuleCredential(module, await chooseEndpoint(dir, module, options.platform))
    records.push(record)
    credentials.set(module, credential)
    return record
  }
  for (const module of modules) await addModule(module)
  return {
    bus: another(),
    sink,
    records,
    dir,
    another,
    addModule,
    credential(module) {
      const credential = credentials.get(module)
      if (!credential) throw new Error(`no module ${module}`)
      return credential
    },
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Looks again after each turn of the event loop: for what has no event of its own. */
export async function untilTrue(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate)
}

/** Speaks frames, and nothing but what it is told to. */
export class RawModule implements Disposable {
  readonly socket: Dealer

  constructor(
    credential: ModuleCredential,
    options: {
      readonly routingId?: string
      readonly receiveHighWaterMark?: number
      readonly sendHighWaterMark?: number
    } = {},
  ) {
    this.socket = new Dealer({
      context,
      curveServerKey: credential.serverPublicKey,
      curvePublicKey: credential.publicKey,
      curveSecretKey: credential.secretKey,
      linger: 0,
      ...options,
    })
    this.socket.connect(credential.endpoint)
  }

  async send(message: ModuleMessage): Promise<void> {
    await this.socket.send([...encodeFrames(message)])
  }

  async sendRaw(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    await this.socket.send([...parts])
  }

  async receive(): Promise<AgentMessage> {
    const parts = await this.socket.receive()
    const decoded = decodeAgentFrames(parts.map((part) => new Uint8Array(part)))
    if ('refused' in decoded) throw new Error(`agent sent nonsense: ${decoded.refused.code}`)
    return decoded.message
  }

  async greet(): Promise<AgentMessage> {
    await this.send({ kind: 'hello', v: 1, sdk: 'test' })
    return this.receive()
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }
}
