/**
 * Pairing on the network: who that is no member may come in, whom this device calls without being paired with it, and what
 * becomes of their links. The mesh host opens and closes what this needs.
 */
import { toHex } from '../base/bytes.ts'
import type { Clock } from '../base/clock.ts'
import type { Crypto } from '../base/crypto.ts'
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { DeviceCard } from '../model/membership.ts'
import type { Discovery } from '../sync/discovery.ts'
import type { Link, Network } from '../sync/link.ts'
import type { NearbySteps } from '../sync/pairing/nearby-ceremony.ts'
import { NearbyPairing } from '../sync/pairing/nearby-pairing.ts'
import type { OpenDoor } from '../sync/pairing/open-doors.ts'
import { joinOver, servePairing } from '../sync/pairing/pair-link.ts'
import type { Paired, StartedJoin } from '../sync/pairing/pairing-service.ts'
import { StrangerLinks } from '../sync/pairing/stranger-links.ts'
import type { ControlView } from './keeper/keeper.ts'
import { openDoors } from './nearby-devices.ts'

/** What pairing asks of the keeper. */
export interface PairingStore extends NearbySteps {
  invite(addresses: readonly string[]): Promise<{ readonly ticket: string; readonly expiresUnixMs: number }>
  isPairingOpen(): Promise<boolean>
  startJoin(ticket: string): Promise<StartedJoin>
}
export interface PairingHostDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly crypto: Crypto
  readonly store: PairingStore
  readonly view: () => ControlView
  /** Of the devices paired with this one. */
  readonly cards: () => readonly DeviceCard[]
  /** The network, opened if it is not. */
  readonly network: () => Promise<Network>
  /** Undefined while the mesh is closed. */
  readonly discovery: () => Discovery | undefined
  /** Brings the mesh in line with what pairing needs now. */
  readonly update: () => Promise<void>
}

export type PairingHostErrorCode = 'PAIR_UNREACHABLE' | 'PAIR_TICKET_EXPIRED'
export class PairingHostError extends MeshError<PairingHostErrorCode> {}

export class PairingHost {
  /** Pairing without a ticket. */
  readonly nearby: NearbyPairing
  readonly #deps: PairingHostDeps
  readonly #strangers = new StrangerLinks()
  /** Keys of devices that this device calls right now. */
  readonly #calling = new Set<string>()
  #hasTicket = false

  constructor(deps: PairingHostDeps) {
    this.#deps = deps
    const { log, clock, crypto, store, view, cards } = deps
    this.nearby = new NearbyPairing({
      log,
      clock,
      crypto,
      steps: store,
      self: () => ({ card: view().self, mesh: view().mesh, hasOthers: cards().length > 0 }),
      dial: (door, signal) => this.#dialNearby(door, signal),
      onChange: () => this.#followNearby(),
      onCode: (link) => this.#strangers.remove(link),
    })
  }

  /** Whether a stranger may come in. */
  isOpen(): boolean {
    return this.#hasTicket || this.nearby.isOpen()
  }

  /** Whether a port is needed for it. */
  isWanted(): boolean {
    return this.#hasTicket || this.nearby.isActive()
  }

  /** Whether this device calls others, and needs a network for that. */
  isCalling(): boolean {
    return this.#calling.size > 0
  }

  mayCall(peerKey: Uint8Array): boolean {
    return this.#calling.has(toHex(peerKey))
  }

  /** Whether a ticket is open, as the store has it now. */
  async refresh(): Promise<void> {
    this.#hasTicket = await this.#deps.store.isPairingOpen()
  }

  /** A ticket may have expired since it was looked last. */
  async check(): Promise<void> {
    if (!this.#hasTicket) return
    await this.refresh()
    await this.#deps.update()
  }

  /** @param listening asked once the port is open */
  async invite(
    listening: () => readonly string[],
  ): Promise<{ readonly ticket: string; readonly expiresUnixMs: number }> {
    this.#hasTicket = true
    await this.#deps.update()
    return this.#deps.store.invite(listening().slice(0, 16))
  }

  /** @throws {PairingHostError} `PAIR_UNREACHABLE`, `PAIR_TICKET_EXPIRED`, and what pairing throws */
  async join(text: string, signal: AbortSignal): Promise<Paired> {
    const { store, clock, update } = this.#deps
    const join = await store.startJoin(text)
    const { peerKey, addrs, expiresUnixS } = join.state.ticket
    const joining = this.#whileCalling(peerKey, async () => {
      const network = await this.#deps.network()
      const link = await network.dial(peerKey, addrs, 'pair', signal).catch((cause: unknown) => {
        throw unreachable(expiresUnixS * 1_000 <= clock.now(), cause)
      })
      return joinOver(link, join, store, clock)
    })
    try {
      return await joining
    } finally {
      await update()
    }
  }

  /** A link of somebody who may be a stranger. @param isMember a member may come once more with the ticket it used */
  async serve(link: Link, isMember: boolean): Promise<void> {
    if (!this.isOpen() && !isMember) return link.abort()
    this.#strangers.add(link)
    const { store, clock, update } = this.#deps
    try {
      const paired = await servePairing(link, store, clock, (...seek) => this.nearby.answer(...seek))
      if (paired === undefined) return
      await this.refresh()
      await update()
    } finally {
      this.#strangers.remove(link)
    }
  }

  /** Who announces itself may have changed. */
  look(): void {
    const { discovery, crypto, cards } = this.#deps
    const found = discovery()?.found() ?? []
    if (this.nearby.isOpen()) this.nearby.found(openDoors(found, { sha256: crypto.sha256, cards: cards() }))
  }

  #dialNearby({ peerKey, addresses }: OpenDoor, signal: AbortSignal): Promise<Link> {
    return this.#whileCalling(peerKey, async () => {
      const network = await this.#deps.network()
      return network.dial(peerKey, addresses, 'pair', signal)
    })
  }

  async #whileCalling<T>(peerKey: Uint8Array, work: () => Promise<T>): Promise<T> {
    const key = toHex(peerKey)
    this.#calling.add(key)
    try {
      return await work()
    } finally {
      this.#calling.delete(key)
    }
  }

  /** Says at once that a device nearby is waited for, or is not any more, and looks who else waits. */
  async #followNearby(): Promise<void> {
    await this.#deps.update()
    if (this.nearby.isOpen()) this.#deps.discovery()?.refresh()
    this.look()
  }
}

/** Nobody is at home for a ticket whose time is over: by our clock that is the likelier reason. */
function unreachable(hasExpired: boolean, cause: unknown): PairingHostError {
  return hasExpired
    ? new PairingHostError('PAIR_TICKET_EXPIRED', 'this ticket has expired; make a new one', { cause })
    : new PairingHostError('PAIR_UNREACHABLE', 'the device of this ticket cannot be reached from here', { cause })
}
