/**
 * One device of a {@link SimWorld}: a keeper on tables in memory and the agent's real mesh host, on a network and a clock of
 * memory. It can lose its power at any write, and starts again over what its disk holds then.
 */
import type { KeeperClient } from '../../src/agent/keeper-client.ts'
import type { ControlView } from '../../src/agent/keeper/keeper.ts'
import { meshCalls } from '../../src/agent/keeper/mesh-calls.ts'
import type { DeviceKeys } from '../../src/agent/key-file.ts'
import { MeshHost } from '../../src/agent/mesh-host.ts'
import { meshStore } from '../../src/agent/mesh-store.ts'
import { currentMeshView } from '../../src/agent/mesh-view.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { Crypto, Hpke } from '../../src/base/crypto.ts'
import type { Logger } from '../../src/base/logger.ts'
import { toDeviceId, type DeviceId } from '../../src/model/ids.ts'
import type { Discovery } from '../../src/sync/discovery.ts'
import type { Network, NetworkDeps } from '../../src/sync/link.ts'
import { PowerCut, SimDisk, type Change } from './sim-disk.ts'
import type { SimClock } from './sim-clock.ts'
import { SimKeeper } from './sim-keeper.ts'

export type SimCrypto = Crypto & Hpke & { sealPublicKey(secret: Uint8Array): Uint8Array }

export interface SimPlace {
  readonly clock: SimClock
  readonly crypto: SimCrypto
  readonly createNetwork: (device: SimDevice, deps: NetworkDeps) => Network
  /** These rows of a device are durable now. */
  readonly onCommit: (device: SimDevice, changes: readonly Change[]) => void
  /** What nobody hears of a device any more goes with it. */
  readonly onDead: (device: SimDevice) => void
}
/** Something that should not have come, and was refused. */
export interface Refused {
  readonly code: string
  readonly by: DeviceId | undefined
}

/** When the world begins: 2026-11-22T18:00:00Z. */
export const START_MS = 1_795_370_400_000

export class SimDevice {
  readonly name: string
  readonly keys: DeviceKeys
  readonly id: DeviceId
  readonly peerKey: Uint8Array
  readonly disk: SimDisk
  /** Where it can be dialled. */
  readonly host: string
  /** Milliseconds that its wall clock is ahead. */
  skewMs = 0
  /** It will never start again. */
  isGone = false
  /** Work that nobody waits for, and that failed. */
  readonly failures: unknown[] = []
  readonly refused: Refused[] = []
  /** Codes that sessions failed with on this side. */
  readonly sessionFailures: string[] = []
  readonly #place: SimPlace
  #run: Run | undefined

  constructor(name: string, host: string, place: SimPlace) {
    const { crypto } = place
    const key = (): Uint8Array => crypto.randomBytes(32)
    this.name = name
    this.host = host
    this.keys = { device: key(), peer: key(), seal: key(), store: key(), audit: key(), auditPayload: key() }
    this.id = toDeviceId(crypto.ed25519PublicKey(this.keys.device)) as DeviceId
    this.peerKey = crypto.ed25519PublicKey(this.keys.peer)
    this.disk = new SimDisk(
      () => this.#die(),
      (changes) => place.onCommit(this, changes),
    )
    this.#place = place
  }

  get run(): Run | undefined {
    return this.#run
  }

  /** @returns whether it runs: the power may go while it starts */
  start(): boolean {
    if (this.#run !== undefined || this.isGone) return this.#run !== undefined
    this.disk.powerUp()
    try {
      this.#run = new Run(this, this.#place)
    } catch (err) {
      if (!(err instanceof PowerCut)) throw err
      return false
    }
    this.#run.begin()
    return true
  }

  /** As an agent ends in order. */
  async stop(): Promise<void> {
    const run = this.#run
    if (run === undefined) return
    await run.host.stop()
    if (this.#run !== run) return // the power went first
    this.#run = undefined
    run.isAlive = false
    try {
      run.keeper.close()
    } catch (err) {
      if (!(err instanceof PowerCut)) throw err
    }
    this.#place.onDead(this)
  }

  cutPower(): void {
    this.disk.cutPower()
    this.#die()
  }

  wallMs(monotonicMs: number): number {
    return START_MS + monotonicMs + this.skewMs
  }

  #die(): void {
    if (this.#run !== undefined) this.#run.isAlive = false
    this.#run = undefined
    this.#place.onDead(this)
  }
}

/** A device without power answers nothing, and what waits for it waits for ever. */
const NEVER = new Promise<never>(() => undefined)

/** From a start to a stop or a power cut. */
export class Run {
  isAlive = true
  readonly keeper: SimKeeper
  readonly host: MeshHost
  readonly #device: SimDevice
  readonly #calls: Readonly<Record<string, (...args: readonly never[]) => unknown>>
  #view: ControlView

  constructor(device: SimDevice, place: SimPlace) {
    const { crypto } = place
    this.#device = device
    const clock = place.clock.of({ wallMs: (ms) => device.wallMs(ms), isAlive: () => this.isAlive })
    const onFailure = (err: unknown): void => this.#failed(err)
    this.keeper = new SimKeeper({
      clock: survivingPowerCuts(clock),
      crypto,
      disk: device.disk,
      keys: device.keys,
      name: device.name,
      sealPublicKey: crypto.sealPublicKey(device.keys.seal),
      onEvent: (event) => this.#onEvent(event),
      onRefused: (code, by) => device.refused.push({ code, by }),
      onFailure,
    })
    const { settings } = this.keeper.store
    this.#calls = {
      ...meshCalls(this.keeper),
      setting: (name: string) => settings.get(name),
      setSetting: (name: string, value: unknown) => settings.set(name, value),
    }
    this.#view = this.keeper.view()
    this.host = new MeshHost({
      log: loggerOf(device),
      clock,
      crypto,
      peerSeed: device.keys.peer,
      store: meshStore({ call: this.call }),
      view: () => this.#view,
      meshView: currentMeshView(() => this.#view, clock),
      createNetwork: (deps) => Promise.resolve(place.createNetwork(device, deps)),
      createDiscovery: () => Promise.resolve(NO_DISCOVERY),
      networkAddresses: () => [],
    })
  }

  begin(): void {
    this.host.start().catch((err: unknown) => this.#failed(err))
  }

  /** A call of the agent's main thread to its store thread: answered later, if the device lives then. */
  readonly call: KeeperClient['call'] = ((method: string, ...args: readonly never[]) => {
    if (!this.isAlive) return NEVER
    const call = this.#calls[method] as (...args: readonly never[]) => unknown
    return this.ask(() => call(...args))
  }) as never

  /** What the keeper answers, if the device lives to hear it. */
  ask<T>(work: (keeper: SimKeeper) => T | Promise<T>): Promise<T> {
    return this.alive((async () => work(this.keeper))())
  }

  /** What a promise answers, for as long as this run lives. */
  alive<T>(promise: Promise<T>): Promise<T> {
    return promise.then(
      (value) => (this.isAlive ? value : NEVER),
      (err: unknown) => {
        if (this.isAlive && !(err instanceof PowerCut)) throw err
        return NEVER
      },
    )
  }

  #failed(err: unknown): void {
    if (this.isAlive && !(err instanceof PowerCut)) this.#device.failures.push(err)
  }

  /** The view crosses from one thread to the other, so it is a moment old. */
  #onEvent(event: 'view' | 'records'): void {
    queueMicrotask(() => {
      if (!this.isAlive || (this.host as MeshHost | undefined) === undefined) return
      if (event === 'records') return this.host.notify()
      this.#view = this.keeper.view()
      this.host.update().catch((err: unknown) => this.#failed(err))
    })
  }
}

/** Devices find each other by the addresses they remember and tell each other. */
const NO_DISCOVERY: Discovery = {
  name: 'sim.no-discovery',
  start: () => Promise.resolve(),
  stop: () => Promise.resolve(),
  announce: () => undefined,
  found: () => [],
  onChange: () => () => undefined,
  refresh: () => undefined,
  renew: () => undefined,
}

/** A timer's work may be what takes the power. */
function survivingPowerCuts(clock: Clock): Clock {
  const guarded = (tick: () => void) => () => {
    try {
      tick()
    } catch (err) {
      if (!(err instanceof PowerCut)) throw err
    }
  }
  return {
    ...clock,
    every: (periodMs, tick) => clock.every(periodMs, guarded(tick)),
    after: (delayMs, tick) => clock.after(delayMs, guarded(tick)),
  }
}

function loggerOf(device: SimDevice): Logger {
  const ignore = (): void => undefined
  return {
    debug: ignore,
    info(fields: object, message: string) {
      if (message === 'session failed') device.sessionFailures.push(String((fields as { code?: unknown }).code))
    },
    warn: ignore,
    error(fields: object, message: string) {
      const { err } = fields as { err?: unknown }
      if (!(err instanceof PowerCut)) device.failures.push(err ?? new Error(message))
    },
  }
}
