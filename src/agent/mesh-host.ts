/**
 * Opens and closes the mesh as stage, membership and pairing want it. While it is closed there is no port, no
 * announcement, and nothing of libp2p in memory.
 */
import { equalBytes } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import { codeOf, MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'
import type { DeviceId } from '../model/ids.ts'
import type { DeviceCard } from '../model/membership.ts'
import type { SyncLimits } from '../model/sync-limits.ts'
import { decideEndpoint } from '../policy/stage-gate.ts'
import { Bandwidth } from '../sync/bandwidth.ts'
import type { Discovery } from '../sync/discovery.ts'
import type { Link, Network, NetworkDeps } from '../sync/link.ts'
import { goesOverInterface } from '../platform/network-addresses.ts'
import { watchNetwork } from '../sync/network-watch.ts'
import { hostOf } from '../sync/links/link-address.ts'
import { MeshService, type PeerStatus } from '../sync/mesh-service.ts'
import type { Comparison, NearbyPairing } from '../sync/pairing/nearby-pairing.ts'
import type { Paired } from '../sync/pairing/pairing-service.ts'
import type { MeshView, SyncStore } from '../sync/sync-store.ts'
import type { ControlView } from './keeper/keeper.ts'
import { Announcer } from './announcer.ts'
import { addressesNearby, nearbyDevices, type Nearby } from './nearby-devices.ts'
import { PairingHost, type PairingStore } from './pairing-host.ts'

/** What the host asks of the keeper beyond sync itself. */
export interface MeshHostStore extends SyncStore, PairingStore {
  setConnected(devices: readonly DeviceId[]): Promise<void>
  /** The port of the last run, so that remembered addresses and tickets stay good. 0: any. */
  meshPort(): Promise<number>
  setMeshPort(port: number): Promise<void>
  syncLimits(): Promise<SyncLimits>
  setSyncLimits(limits: SyncLimits): Promise<void>
}
export interface MeshHostDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly crypto: Crypto
  readonly peerSeed: Uint8Array
  readonly store: MeshHostStore
  readonly view: () => ControlView
  readonly meshView: MeshView
  /** Loaded only when the mesh opens. */
  readonly createNetwork: (deps: NetworkDeps) => Promise<Network>
  readonly createDiscovery: () => Promise<Discovery>
  /** Of this device, now. */
  readonly networkAddresses: () => readonly string[]
}
export type MeshHostErrorCode = 'PAIR_NEEDS_STAGE'
export class MeshHostError extends MeshError<MeshHostErrorCode> {}

/** Time to tell connected devices that their grants or their membership have ended, in milliseconds; leases cover those not reached. */
export const FAREWELL_MS = 5_000
/** A new beacon is made this often, in milliseconds, so that it cannot be followed for long. */
const BEACON_LIFE_MS = 900_000
/** How often an open ticket is checked for having expired, in milliseconds. */
const PAIRING_CHECK_MS = 5_000

interface OpenMesh {
  readonly network: Network
  readonly discovery: Discovery
  readonly mesh: MeshService
  readonly cancel: readonly (() => void)[]
}

export class MeshHost implements Service {
  readonly name = 'agent.mesh'
  /** Pairing without a ticket. Opened by {@link MeshHost.pairNearby}. */
  readonly nearbyPairing: NearbyPairing
  readonly #pairing: PairingHost
  readonly #deps: MeshHostDeps
  #open: OpenMesh | undefined
  readonly #announcer: Announcer
  #changes: Promise<void> = Promise.resolve()
  readonly #bandwidth: Bandwidth
  #stopped = false
  #leaving = false

  constructor(deps: MeshHostDeps) {
    this.#deps = deps
    const { log, clock, crypto, store, view } = deps
    this.#bandwidth = new Bandwidth(clock)
    this.#announcer = new Announcer(crypto)
    this.#pairing = new PairingHost({
      log,
      clock,
      crypto,
      store,
      view,
      cards: () => this.#cards(),
      network: async () => (await this.#ensureOpen()).network,
      discovery: () => this.#open?.discovery,
      update: () => this.update(),
    })
    this.nearbyPairing = this.#pairing.nearby
  }

  async start(): Promise<void> {
    this.#bandwidth.limits = await this.#deps.store.syncLimits()
    await this.#pairing.refresh()
    await this.update()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#inTurn(() => this.#close())
  }

  /** Brings the mesh in line with stage, membership and open tickets; call after any of them changed. */
  update(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped || this.#leaving) return
      if (!this.#mayListen()) return this.#pairing.isCalling() ? undefined : this.#closeAfterFarewell()
      const { network, mesh } = await this.#ensureOpen()
      await this.#listen(network)
      this.#announce()
      mesh.refresh()
    })
  }

  /** There is more to serve, or to tell. */
  notify(): void {
    this.#open?.mesh.refresh()
  }

  /** Whether somebody may come in now, so that a port should be open. */
  isWanted(): boolean {
    return this.#mayListen()
  }

  get limits(): SyncLimits {
    return this.#bandwidth.limits
  }

  /** Takes effect at once. */
  async limit(limits: SyncLimits): Promise<void> {
    await this.#deps.store.setSyncLimits(limits)
    this.#bandwidth.limits = limits
  }

  listening(): readonly string[] {
    return this.#open?.network.listening() ?? []
  }

  peers(): readonly PeerStatus[] {
    return this.#open?.mesh.peers() ?? []
  }

  /**
   * Keeps the mesh open while `change` closes it in policy, so that connected devices still hear of it, for `limitMs` at
   * most; then follows the change.
   */
  async farewell<T>(limitMs: number, change: () => Promise<T>): Promise<T> {
    this.#leaving = true
    try {
      const result = await change()
      await this.#open?.mesh.flushed(limitMs)
      return result
    } finally {
      this.#leaving = false
      await this.update()
    }
  }

  /** @throws {MeshHostError} `PAIR_NEEDS_STAGE`, {MeshError} with the disk's code while it is held (ST25) */
  async invite(): Promise<{ readonly ticket: string; readonly expiresUnixMs: number }> {
    this.#requireOpenable()
    return this.#pairing.invite(() => this.listening())
  }

  /** @throws {MeshHostError} `PAIR_NEEDS_STAGE`, as `invite`, and what {@link PairingHost.join} throws */
  async join(text: string, signal: AbortSignal): Promise<Paired> {
    this.#requireOpenable()
    return this.#pairing.join(text, signal)
  }

  /** Waits for a device nearby. @throws {MeshHostError} `PAIR_NEEDS_STAGE`, as `invite`, and what {@link NearbyPairing.open} throws */
  async pairNearby(signal: AbortSignal): Promise<Comparison> {
    this.#requireOpenable()
    return this.nearbyPairing.open(signal)
  }

  /** Devices that announce themselves on the local network now. @throws {MeshHostError} `PAIR_NEEDS_STAGE`, {MeshError} with the disk's code while it is held (ST25) */
  async nearby(waitMs: number): Promise<readonly Nearby[]> {
    this.#requireOpenable()
    const { discovery } = await this.#ensureOpen()
    discovery.refresh()
    await new Promise<void>((resolve) => this.#deps.clock.after(waitMs, resolve))
    const found = nearbyDevices(discovery.found(), this.#known())
    await this.update()
    return found
  }

  #requireOpenable(): void {
    const { stage, held } = this.#deps.view()
    const gate = decideEndpoint(stage, 'pairing')
    if (!gate.allow) {
      throw new MeshHostError(
        'PAIR_NEEDS_STAGE',
        `pairing needs the ${gate.needs} stage: aico-mesh stage ${gate.needs}`,
      )
    }
    if (held !== undefined) throw new MeshError(held, 'the disk does not take what this start has to record')
  }

  /** A port is open only while somebody may come in: a paired device, or one that holds an open ticket. */
  #mayListen(): boolean {
    const { stage, held } = this.#deps.view()
    const isWanted = this.#cards().length > 0 || this.#pairing.isWanted()
    return held === undefined && decideEndpoint(stage, 'mesh').allow && isWanted
  }

  #mayConnect(peerKey: Uint8Array, direction: 'in' | 'out'): boolean {
    const isMember = this.#isMember(peerKey)
    if (direction === 'out') return isMember || this.#pairing.mayCall(peerKey)
    const mayEnter = isMember || this.#pairing.isOpen()
    if (!mayEnter) this.#refused('LINK_DENIED')
    return mayEnter
  }

  #isMember(peerKey: Uint8Array): boolean {
    return this.#cards().some((card) => equalBytes(card.peerKey, peerKey))
  }

  #refused(code: string): void {
    const { store, log } = this.#deps
    store.refused(code).catch((err: unknown) => log.error({ code, err }, 'a refusal could not be counted'))
  }

  #cards(): readonly DeviceCard[] {
    const { membership, self } = this.#deps.view()
    const { members } = membership
    if (!members.has(self.deviceId)) return []
    return [...members.values()].map(({ card }) => card).filter(({ deviceId }) => deviceId !== self.deviceId)
  }

  #onLink(link: Link): void {
    if (link.protocol === 'sync') this.#open?.mesh.accept(link)
    else void this.#pairing.serve(link, this.#isMember(link.remotePeerKey))
  }

  #known() {
    return { sha256: this.#deps.crypto.sha256, cards: this.#cards() }
  }

  async #listen(network: Network): Promise<void> {
    if (network.listening().length > 0) return
    const { store, log } = this.#deps
    const port = await store.meshPort()
    await network.listen(port).catch((err: unknown) => {
      log.warn({ port, code: codeOf(err) }, 'the mesh port of the last run is taken; using another')
      return network.listen(0)
    })
    const [address] = network.listening()
    const opened = Number(address?.split('/').at(-1))
    if (Number.isInteger(opened) && opened !== port) await store.setMeshPort(opened)
  }

  #announce(): void {
    const [address] = this.#open?.network.listening() ?? []
    const port = Number(address?.split('/').at(-1))
    if (this.#open === undefined || !Number.isInteger(port)) return
    const beacon = { pairing: this.#pairing.isOpen(), door: this.nearbyPairing.isOpen() }
    this.#announcer.announce(this.#open.discovery, port, this.#deps.view().self.peerKey, beacon)
  }

  async #ensureOpen(): Promise<OpenMesh> {
    if (this.#open) return this.#open
    const { createNetwork, createDiscovery, log, clock, crypto, peerSeed, store, meshView } = this.#deps
    const bandwidth = this.#bandwidth
    const network = await createNetwork({
      log,
      peerSeed,
      gate: { mayConnect: (peerKey, direction) => this.#mayConnect(peerKey, direction) },
      onLink: (link) => this.#onLink(link),
    })
    const discovery = await createDiscovery()
    const mesh = new MeshService({
      log,
      clock,
      random: () => (crypto.randomBytes(1)[0] as number) / 256,
      network,
      store,
      view: meshView,
      bandwidth,
      goesOver: ({ remoteAddress }, names) => goesOverInterface(hostOf(remoteAddress), names),
      nearby: (card) => addressesNearby(discovery.found(), crypto.sha256, card),
      onConnected: (devices) => {
        store.setConnected(devices).catch((err: unknown) => log.error({ err }, 'could not note who is connected'))
      },
    })
    await network.start()
    await discovery.start()
    await mesh.start()
    this.#open = {
      network,
      discovery,
      mesh,
      cancel: [
        discovery.onChange(() => {
          mesh.hint()
          this.#pairing.look()
        }),
        watchNetwork({
          clock,
          addresses: this.#deps.networkAddresses,
          onChange: () => {
            discovery.renew()
            mesh.networkChanged()
          },
        }),
        clock.every(BEACON_LIFE_MS, () => {
          this.#announcer.forget()
          this.#announce()
        }),
        clock.every(PAIRING_CHECK_MS, () => void this.#pairing.check()),
      ],
    }
    return this.#open
  }

  /** The last device of a mesh may be just the one that has to be told that it was removed. */
  async #closeAfterFarewell(): Promise<void> {
    await this.#open?.mesh.flushed(FAREWELL_MS)
    await this.#close()
  }

  async #close(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    this.#announcer.forget()
    this.nearbyPairing.stop()
    if (open === undefined) return
    for (const cancel of open.cancel) cancel()
    await open.mesh.stop()
    await open.discovery.stop()
    await open.network.stop()
    await this.#deps.store.setConnected([])
  }

  /** One change after another: opening takes a moment, and closing must not overtake it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(work)
    this.#changes = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }
}
