/**
 * One device of a {@link MeshWorld}: a real keeper over real files and the real mesh host, on a network, a LAN and a
 * clock of memory. Calls between the two go through structured clones, as they do between threads.
 */
import { copyFileSync, cpSync, existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../src/base/clock.ts'
import type { Crypto } from '../../src/base/crypto.ts'
import type { Logger } from '../../src/base/logger.ts'
import { keeperApi, type KeeperApi } from '../../src/agent/keeper/keeper-api.ts'
import { initialSettings } from '../../src/agent/keeper/device-settings.ts'
import { Keeper, type ControlView } from '../../src/agent/keeper/keeper.ts'
import type { DeviceKeys } from '../../src/agent/key-file.ts'
import { MeshHost } from '../../src/agent/mesh-host.ts'
import { carryStore, meshStore } from '../../src/agent/mesh-store.ts'
import { currentMeshView } from '../../src/agent/mesh-view.ts'
import type { KeeperClient } from '../../src/agent/keeper-client.ts'
import { equalBytes, toHex } from '../../src/base/bytes.ts'
import { toDeviceId, type DeviceId, type GrantId } from '../../src/model/ids.ts'
import type { Signal } from '../../src/model/lane.ts'
import type { Stage } from '../../src/model/stage.ts'
import { hpkePublicKey } from '../../src/platform/hpke.ts'
import type { GrantRequest } from '../../src/sync/consent-service.ts'
import { MemoryDiscovery, type MemoryLan } from '../../src/sync/discovery/memory-discovery.ts'
import type { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import type { Link } from '../../src/sync/link.ts'
import { FrameDecoder } from '../../src/wire/frame.ts'
import type { SyncMessage } from '../../src/wire/sync-message-types.ts'
import { decodeSyncMessage } from '../../src/wire/sync-messages.ts'
import { tappedNetwork } from './tapped-network.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}
export interface Said {
  readonly to: Uint8Array
  readonly message: SyncMessage
}
export interface DevicePlace {
  readonly folder: string
  readonly hub: MemoryHub
  readonly lan: MemoryLan
  readonly clock: Clock
  readonly crypto: Crypto
  /** Told whenever something happens that may make more happen. */
  readonly onActivity: () => void
}

type Call = KeeperClient['call']
const FILES = ['store.db', 'store.db-wal', 'audit.db', 'audit.db-wal']

export class MeshDevice {
  readonly name: string
  readonly keys: DeviceKeys
  readonly log: LogLine[] = []
  /** Sync messages this device has sent, in order. */
  readonly said: Said[] = []
  /** What went wrong in work that nobody waits for. */
  readonly failures: unknown[] = []
  /** Every dial of this device's network, at the time of the world's clock. */
  readonly dials: { readonly to: Uint8Array; readonly atMs: number }[] = []
  /** Calls to the store thread that wait, as behind a long one, until they are let go. */
  readonly #held = new Map<string, Promise<void>>()
  /** Milliseconds that this device's wall clock is ahead of the world's. */
  skewMs = 0
  readonly #place: DevicePlace
  #folder: string
  #run: Run | undefined
  readonly #dead: Run[] = []

  constructor(name: string, place: DevicePlace) {
    this.name = name
    this.keys = keysFrom(place.crypto)
    this.#place = place
    this.#folder = mkdtempSync(join(place.folder, `${name}-`))
  }

  /** Makes the device, at a stage that records and shares. */
  async create(stage: Stage = 'developer'): Promise<void> {
    this.#open(initialSettings(this.#place.crypto, this.name, 'file'))
    await this.api('setStage', stage)
    await this.host.start()
  }

  /** Starts again over what is on disk. */
  async restart(): Promise<void> {
    this.#open(undefined)
    await this.host.start()
  }

  /** As an agent stops: the mesh first, the store last. */
  async stop(): Promise<void> {
    const run = this.#current()
    await run.host.stop()
    this.#run = undefined
    run.isAlive = false
    run.keeper.close()
  }

  /** As a power cut stops it: nothing is said or written any more, and what is on disk is all there is. */
  kill(): void {
    const run = this.#current()
    this.#run = undefined
    run.isAlive = false
    this.#dead.push(run)
    const { peerKey } = run.keeper.card
    this.#place.hub.kill(peerKey)
    if (run.discovery) this.#place.lan.leave(run.discovery)
    const folder = mkdtempSync(join(this.#place.folder, `${this.name}-`))
    for (const file of FILES) {
      if (existsSync(join(this.#folder, file))) copyFileSync(join(this.#folder, file), join(folder, file))
    }
    for (const packs of ['packs', 'carried']) {
      cpSync(join(this.#folder, packs), join(folder, packs), { recursive: true })
    }
    this.#folder = folder
  }

  /** Ends what still runs; for the end of a test. */
  async dispose(): Promise<void> {
    if (this.#run) await this.stop()
    for (const { keeper } of this.#dead) keeper.close()
  }

  /** Only the mesh stops; the keeper can still be asked. */
  stopMesh(): Promise<void> {
    return this.host.stop()
  }

  /** Where its files are; {@link kill} leaves for another. */
  get folder(): string {
    return this.#folder
  }

  get isRunning(): boolean {
    return this.#run !== undefined
  }

  get keeper(): Keeper {
    return this.#current().keeper
  }

  get host(): MeshHost {
    return this.#current().host
  }

  /** Known whether or not it runs. */
  get id(): DeviceId {
    return toDeviceId(this.#place.crypto.ed25519PublicKey(this.keys.device)) as DeviceId
  }

  get peerKey(): Uint8Array {
    return this.#place.crypto.ed25519PublicKey(this.keys.peer)
  }

  get now(): number {
    return this.#place.clock.now() + this.skewMs
  }

  /** A call of the agent's main thread to its store thread. */
  readonly api: Call = (method, ...args) => this.#current().call(method, ...args)

  grant(to: MeshDevice, request: Partial<GrantRequest> = {}): Promise<{ readonly grantId: GrantId }> {
    return this.api('grant', {
      recipient: to.id,
      may: 'see',
      lanes: ['traces', 'logs'],
      modules: undefined,
      sinceUnixMs: 0,
      untilUnixMs: undefined,
      purpose: 'test',
      ...request,
    })
  }

  /** Takes records as a program's; they are durable, and cut by {@link cut} or by time. */
  async record(bytes: Uint8Array, signal: Signal = 'traces'): Promise<void> {
    this.#place.onActivity()
    await this.keeper.intake.take(signal, bytes, { kind: 'otlp' })
    this.#place.onActivity()
  }

  /** Cuts what is open and tells the mesh, as the timer would. */
  cut(): void {
    if (this.keeper.writer.cut(() => true)) this.keeper.announce()
  }

  /** Segments held of an author's logs, one word each, in an order that depends on nothing else. */
  held(author: MeshDevice | DeviceId): readonly string[] {
    const { logs, segments } = this.keeper.store
    const id = typeof author === 'string' ? author : author.id
    return logs
      .ofAuthor(id)
      .flatMap(({ rowId, log }) =>
        [...segments.downFrom(rowId, { from: 0, to: Number.MAX_SAFE_INTEGER })].map(
          ({ seq, segmentId }) => `${log}/${seq}/${toHex(segmentId)}`,
        ),
      )
      .sort()
  }

  /** Records held of an author. */
  recordsOf(author: MeshDevice | DeviceId): number {
    const { logs, segments } = this.keeper.store
    return logs
      .ofAuthor(typeof author === 'string' ? author : author.id)
      .flatMap(({ rowId }) => [...segments.downFrom(rowId, { from: 0, to: Number.MAX_SAFE_INTEGER })])
      .reduce((sum, { records }) => sum + records, 0)
  }

  get counters(): Readonly<Record<string, number>> {
    this.keeper.refusals.flush()
    return this.keeper.store.counters.all()
  }

  /** Lets calls of a kind wait. @returns what lets them go */
  hold(method: keyof KeeperApi): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held.set(method, promise)
    return () => {
      this.#held.delete(method)
      resolve()
    }
  }

  heldUp(method: string): Promise<void> | undefined {
    return this.#held.get(method)
  }

  /** Calls that have been made and not answered. */
  get openCalls(): number {
    return this.#run?.openCalls ?? 0
  }

  /** Kinds of the messages sent to a device, in order. */
  saidTo(peer: MeshDevice): readonly SyncMessage['type'][] {
    return this.said.filter(({ to }) => equalBytes(to, peer.peerKey)).map(({ message }) => message.type)
  }

  logged(message: string): readonly LogLine[] {
    return this.log.filter((line) => line.message === message)
  }

  /** Codes of sessions that failed on this side, in order. */
  get sessionFailures(): readonly unknown[] {
    return this.logged('session failed').map(({ fields }) => fields['code'])
  }

  #current(): Run {
    if (this.#run === undefined) throw new Error(`${this.name} is not running`)
    return this.#run
  }

  #open(newDevice: Readonly<Record<string, unknown>> | undefined): void {
    this.#run = new Run(this, this.#place, { folder: this.#folder, newDevice })
  }
}

/** From a start to a stop or a power cut. */
class Run {
  isAlive = true
  openCalls = 0
  readonly keeper: Keeper
  readonly host: MeshHost
  discovery: MemoryDiscovery | undefined
  readonly #api: KeeperApi
  readonly #place: DevicePlace
  readonly #device: MeshDevice
  #view: ControlView

  constructor(
    device: MeshDevice,
    place: DevicePlace,
    { folder, newDevice }: { folder: string; newDevice: Readonly<Record<string, unknown>> | undefined },
  ) {
    this.#place = place
    this.#device = device
    const clock = this.#clockOf(device)
    const log = loggerOf(device)
    const storeFile = join(folder, 'store.db')
    this.keeper = new Keeper(
      {
        clock,
        crypto: place.crypto,
        onEvent: (event) => this.#onEvent(event),
        onFailure: (err) => device.failures.push(err),
      },
      {
        storeFile,
        auditFile: join(folder, 'audit.db'),
        keys: device.keys,
        keyStore: 'file',
        sealPublicKey: hpkePublicKey(device.keys.seal),
        ...(newDevice === undefined ? {} : { newDevice }),
      },
    )
    this.#api = keeperApi(this.keeper, storeFile)
    this.#view = structuredClone(this.keeper.view())
    let address = ''
    this.host = new MeshHost({
      log,
      clock,
      crypto: place.crypto,
      peerSeed: device.keys.peer,
      store: { ...meshStore({ call: this.call }), carry: carryStore({ call: this.call }) },
      view: () => this.#view,
      meshView: currentMeshView(() => this.#view, clock),
      createNetwork: async (deps) => {
        const network = tappedNetwork(deps, place.hub, {
          onSend: (link, bytes) => device.said.push(...messagesIn(link, bytes)),
          onDial: (to) => device.dials.push({ to, atMs: clock.monotonic() }),
        })
        address = network.host
        return network
      },
      networkAddresses: () => [],
      createDiscovery: async () => {
        this.discovery = new MemoryDiscovery({ clock, log, lan: place.lan, address })
        return this.discovery
      },
    })
  }

  readonly call: Call = (method, ...args) => {
    if (!this.isAlive) return new Promise(() => undefined) // a device without power answers nothing
    this.openCalls++
    this.#place.onActivity()
    const run = this.#api[method] as (...all: readonly unknown[]) => unknown
    const answer = (async () => {
      const held = this.#device.heldUp(method)
      if (held) await this.#waitFor(held)
      return structuredClone(await run(...structuredClone(args)))
    })()
    const done = answer.finally(() => {
      this.openCalls--
      this.#place.onActivity()
    })
    return new Promise((resolve, reject) => {
      const whileAlive =
        (settle: (value: never) => void) =>
        (value: unknown): void => {
          if (this.isAlive) settle(value as never)
        }
      done.then(whileAlive(resolve), whileAlive(reject))
    }) as never
  }

  /** A call that is held does not keep the world from settling. */
  async #waitFor(held: Promise<void>): Promise<void> {
    this.openCalls--
    await held
    this.openCalls++
  }

  #onEvent(event: 'view' | 'records'): void {
    // While the keeper is being made there is nobody to tell: the first view is read when it is done.
    if (!this.isAlive || (this.host as MeshHost | undefined) === undefined) return
    this.#place.onActivity()
    if (event === 'records') return this.host.notify()
    this.#view = structuredClone(this.keeper.view())
    void this.host.update()
  }

  #clockOf(device: MeshDevice): Clock {
    const { clock } = this.#place
    const whileAlive = (tick: () => void) => () => {
      if (this.isAlive) tick()
    }
    return {
      now: () => device.now,
      monotonic: () => clock.monotonic(),
      every: (periodMs, tick) => clock.every(periodMs, whileAlive(tick)),
      after: (delayMs, tick) => clock.after(delayMs, whileAlive(tick)),
    }
  }
}

function messagesIn(link: Link, frame: Uint8Array): readonly Said[] {
  if (link.protocol !== 'sync') return []
  return new FrameDecoder()
    .push(frame)
    .map(({ kind, payload }) => ({ to: link.remotePeerKey, message: decodeSyncMessage(kind, payload) }))
}

function keysFrom({ randomBytes }: Crypto): DeviceKeys {
  const key = (): Uint8Array => randomBytes(32)
  return { device: key(), peer: key(), seal: key(), store: key(), audit: key(), auditPayload: key() }
}

function loggerOf(device: MeshDevice): Logger {
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    device.log.push({ level, fields: fields as LogLine['fields'], message })
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
