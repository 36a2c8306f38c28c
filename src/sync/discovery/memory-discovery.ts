/** Discovery in memory: devices on one {@link MemoryLan} hear each other as they would by multicast. For tests and the simulator. */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import { ASK_PERIOD_MS, checkAdvert, type Advert, type Discovery, type Found } from '../discovery.ts'
import { FoundTable } from './found-table.ts'

/** Who hears whom. Delivers by microtask; what is said while somebody is away does not reach them. */
export class MemoryLan {
  readonly #present = new Set<MemoryDiscovery>()

  enter(discovery: MemoryDiscovery): void {
    this.#present.add(discovery)
  }

  /** Out of reach without a goodbye, as a device that is switched off or left the Wi-Fi. */
  leave(discovery: MemoryDiscovery): void {
    this.#present.delete(discovery)
  }

  /** Tells everybody who is there and else than `from`. */
  tell(from: MemoryDiscovery, hear: (other: MemoryDiscovery) => void): void {
    if (!this.#present.has(from)) return
    queueMicrotask(() => {
      for (const other of this.#present) if (other !== from) hear(other)
    })
  }
}

export interface MemoryDiscoveryDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly lan: MemoryLan
  /** The IP address others find this device at. */
  readonly address: string
}

export class MemoryDiscovery implements Discovery {
  readonly name = 'sync.memory-discovery'
  readonly #deps: MemoryDiscoveryDeps
  readonly #found: FoundTable
  #advert: Advert | undefined
  #said: string | undefined
  #names = 0
  #cancel: (() => void) | undefined

  constructor(deps: MemoryDiscoveryDeps) {
    this.#deps = deps
    this.#found = new FoundTable(deps)
  }

  async start(): Promise<void> {
    if (this.#cancel) return
    this.#cancel = this.#deps.clock.every(ASK_PERIOD_MS, () => this.refresh())
    this.#deps.lan.enter(this)
    this.#say()
    this.refresh()
  }

  async stop(): Promise<void> {
    this.#unsay()
    this.#cancel?.()
    this.#cancel = undefined
    this.#deps.lan.leave(this)
    this.#found.clear()
  }

  announce(advert: Advert | undefined): void {
    if (advert) checkAdvert(advert)
    this.#unsay()
    this.#advert = advert
    this.#say()
  }

  found(): readonly Found[] {
    return this.#found.list()
  }

  onChange(listener: () => void): () => void {
    return this.#found.onChange(listener)
  }

  refresh(): void {
    this.#found.expire()
    this.#deps.lan.tell(this, (other) => other.#say())
  }

  renew(): void {
    this.#unsay()
    this.#say()
    this.refresh()
  }

  #say(): void {
    const advert = this.#advert
    if (!advert || !this.#cancel) return
    const { address, lan } = this.#deps
    const name = (this.#said ??= `${address} ${this.#names++}`)
    lan.tell(this, (other) => other.#found.seen(name, { addresses: [address], port: advert.port, txt: advert.txt }))
  }

  #unsay(): void {
    const name = this.#said
    this.#said = undefined
    if (name !== undefined) this.#deps.lan.tell(this, (other) => other.#found.gone(name))
  }
}
