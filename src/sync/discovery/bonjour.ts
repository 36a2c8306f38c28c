/**
 * Discovery by multicast DNS, on bonjour-service.
 *
 * One socket per IPv4 interface, so that every network is asked and none needs a route. Says no device name:
 * instance and host are random and new with every announcement and network. A network without multicast is
 * logged once and harms nothing. The library's own browser is not used: it never forgets and never refreshes.
 */
import { networkInterfaces } from 'node:os'
import { toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Logger } from '../../base/logger.ts'
import { ASK_PERIOD_MS, checkAdvert, type Advert, type Discovery, type Found } from '../discovery.ts'
import { BonjourSocket, SERVICE_NAME } from './bonjour-socket.ts'
import { FoundTable } from './found-table.ts'
import { readAnnouncements, type MdnsResponse } from './mdns-response.ts'

/** Time between looks at the network interfaces, in milliseconds: Node tells nobody when they change. */
const LOOK_PERIOD_MS = 5_000
/** Further questions after the sockets opened, in milliseconds: an answer is easily lost while a network comes up. */
const FIRST_QUESTIONS_MS = [1_000, 3_000]
/** Interfaces used at most; machines with more are full of virtual ones. */
const MAX_INTERFACES = 8
/** Names of ours that are remembered, so that an echo is not taken for somebody else. */
const MAX_OWN_NAMES = 32
const NAME_BYTES = 8

export interface BonjourDiscoveryDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly crypto: Pick<Crypto, 'randomBytes'>
}

export interface BonjourDiscoveryOptions {
  /** IPv4 addresses of the interfaces to use. Default: every external one, or loopback where there is none. */
  readonly interfaces?: () => readonly string[]
}

export class BonjourDiscovery implements Discovery {
  readonly name = 'sync.discovery'
  readonly #deps: BonjourDiscoveryDeps
  readonly #interfaces: () => readonly string[]
  readonly #found: FoundTable
  readonly #complaints = new Set<string>()
  #running = false
  #advert: Advert | undefined
  #ownNames: string[] = []
  #sockets: BonjourSocket[] = []
  #openOn: readonly string[] = []
  #timers: (() => void)[] = []
  #lastChange: Promise<void> = Promise.resolve()

  constructor(deps: BonjourDiscoveryDeps, options: BonjourDiscoveryOptions = {}) {
    this.#deps = deps
    this.#interfaces = options.interfaces ?? externalInterfaces
    this.#found = new FoundTable(deps)
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#running = true
    const { clock } = this.#deps
    this.#timers = [
      clock.every(LOOK_PERIOD_MS, () => this.#look()),
      clock.every(ASK_PERIOD_MS, () => this.refresh()),
      ...FIRST_QUESTIONS_MS.map((ms) => clock.after(ms, () => this.#ask())),
    ]
    await this.#inTurn(() => this.#open())
  }

  async stop(): Promise<void> {
    this.#running = false
    for (const cancel of this.#timers) cancel()
    this.#timers = []
    await this.#inTurn(() => this.#close())
    this.#found.clear()
    this.#complaints.clear()
  }

  announce(advert: Advert | undefined): void {
    if (advert) checkAdvert(advert)
    this.#advert = advert
    if (!this.#running) return
    void this.#inTurn(async () => {
      await Promise.all(this.#sockets.map((socket) => socket.withdraw()))
      this.#publish()
    })
  }

  found(): readonly Found[] {
    return this.#found.list()
  }

  onChange(listener: () => void): () => void {
    return this.#found.onChange(listener)
  }

  refresh(): void {
    this.#found.expire()
    if (this.#sockets.some((socket) => socket.failed)) void this.#inTurn(() => this.#reopen())
    this.#ask()
  }

  renew(): void {
    void this.#inTurn(() => this.#reopen())
  }

  #ask(): void {
    for (const socket of this.#sockets) socket.ask()
  }

  #look(): void {
    this.#found.expire()
    if (this.#interfaces().join() !== this.#openOn.join()) void this.#inTurn(() => this.#reopen())
  }

  /** Opening, closing and announcing wait for each other, so that no socket is left behind. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change).catch((err: unknown) => this.#complain(err))
    this.#lastChange = done
    return done
  }

  async #reopen(): Promise<void> {
    await this.#close()
    await this.#open()
  }

  async #open(): Promise<void> {
    if (!this.#running) return
    this.#openOn = this.#interfaces()
    this.#sockets = this.#openOn.slice(0, MAX_INTERFACES).map(
      (address) =>
        new BonjourSocket(address, {
          onResponse: (response, sender) => this.#onResponse(response, sender),
          onError: (err) => this.#complain(err),
        }),
    )
    this.#publish()
    this.#ask()
  }

  async #close(): Promise<void> {
    const sockets = this.#sockets
    this.#sockets = []
    await Promise.all(sockets.map((socket) => socket.close()))
  }

  #publish(): void {
    if (!this.#advert || !this.#running) return
    const instance = toHex(this.#deps.crypto.randomBytes(NAME_BYTES))
    const host = `${toHex(this.#deps.crypto.randomBytes(NAME_BYTES))}.local`
    this.#ownNames = [...this.#ownNames.slice(1 - MAX_OWN_NAMES), `${instance}.${SERVICE_NAME}`]
    for (const socket of this.#sockets) socket.publish({ ...this.#advert, instance, host })
  }

  #onResponse(response: MdnsResponse, sender: string): void {
    if (!this.#running) return
    for (const announcement of readAnnouncements(response, SERVICE_NAME, sender)) {
      if (this.#ownNames.includes(announcement.name)) continue
      if (announcement.goodbye) this.#found.gone(announcement.name)
      else this.#found.seen(announcement.name, announcement.found)
    }
  }

  /** Once for every kind: a network without multicast would complain with every packet. */
  #complain(err: unknown): void {
    const code = err instanceof Error && 'code' in err ? String(err.code) : 'UNKNOWN'
    if (this.#complaints.has(code)) return
    this.#complaints.add(code)
    this.#deps.log.warn({ err, code }, 'the local network cannot be asked for devices')
  }
}

function externalInterfaces(): string[] {
  const ipv4 = Object.values(networkInterfaces()).flatMap((all) => all?.filter((a) => a.family === 'IPv4') ?? [])
  const external = ipv4.filter(({ internal }) => !internal)
  return (external.length > 0 ? external : ipv4).map(({ address }) => address).sort()
}
