/**
 * A network made of memory: what tests and the simulator use instead of TCP.
 *
 * It behaves as the real one does, back-pressure, refusals, partitions and death included,
 * but time does not pass in it: bytes move by microtask, or one by one when told to. In
 * each direction of a connection order is kept; across connections the caller may choose.
 */
import type { Crypto } from '../../base/crypto.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import type { MemoryConnection, MemoryPeer } from './memory-connection.ts'
import type { Courier } from './memory-link.ts'

export interface MemoryHubOptions {
  readonly crypto: Pick<Crypto, 'ed25519PublicKey'>
  /** `microtask` (default): everything is delivered as soon as it can be. `manual`: only by {@link MemoryHub.deliver}. */
  readonly delivery?: 'microtask' | 'manual'
}

interface Delivery {
  readonly order: number
  readonly run: () => void
}

export class MemoryHub implements Courier {
  readonly crypto: Pick<Crypto, 'ed25519PublicKey'>
  readonly #manual: boolean
  readonly #peers = new Set<MemoryPeer>()
  readonly #cut = new Set<string>()
  /** What is on its way, per direction between two devices; each keeps its order. */
  readonly #routes = new Map<string, Delivery[]>()
  #posted = 0
  #hosts = 0
  #scheduled = false

  constructor(options: MemoryHubOptions) {
    this.crypto = options.crypto
    this.#manual = options.delivery === 'manual'
  }

  /** Deliveries that could be made now: those across a partition do not count. */
  get pending(): number {
    return this.#openRoutes().reduce((sum, deliveries) => sum + deliveries.length, 0)
  }

  /**
   * Makes `count` deliveries (default: until none is left), each the oldest of its route.
   *
   * @param pick chooses among that many routes, `0` being the one that waited longest; a seeded one gives another order.
   * @returns how many were made. What they set off in promises comes later: await, then deliver again.
   */
  deliver(count = Number.POSITIVE_INFINITY, pick: (routes: number) => number = () => 0): number {
    for (let made = 0; made < count; made++) {
      const routes = this.#openRoutes()
      const delivery = (routes[pick(routes.length)] ?? routes[0])?.shift()
      if (!delivery) return made
      delivery.run()
    }
    return count
  }

  /** Nothing passes between the two, in either direction, until {@link heal}; what was on its way waits. */
  partition(a: Uint8Array, b: Uint8Array): void {
    this.#cut.add(route(a, b)).add(route(b, a))
  }

  heal(a: Uint8Array, b: Uint8Array): void {
    this.#cut.delete(route(a, b))
    this.#cut.delete(route(b, a))
    this.#schedule()
  }

  /** Ends every connection between the two at once, as a reset does: what was on its way is lost. */
  cut(a: Uint8Array, b: Uint8Array): void {
    for (const connection of this.#connections()) if (connection.joins(a, b)) connection.die()
  }

  /** Ends the device's connections at once and forgets it, as a power cut does. Its network must not be used again. */
  kill(peerKey: Uint8Array): void {
    for (const connection of this.#connections()) if (connection.joins(peerKey)) connection.die()
    for (const peer of this.#peers) if (equalBytes(peer.peerKey, peerKey)) this.#peers.delete(peer)
    for (const key of this.#routes.keys()) if (key.startsWith(`${toHex(peerKey)}>`)) this.#routes.delete(key)
  }

  /** For networks: joins the hub. @returns what leaves it again. */
  join(peer: MemoryPeer): () => void {
    this.#peers.add(peer)
    return () => {
      this.#peers.delete(peer)
    }
  }

  /** For networks: an IP address nobody else has. */
  newHost(): string {
    const host = ++this.#hosts
    return `10.0.${host >> 8}.${host & 255}`
  }

  /** For networks: who listens at the address. */
  at(address: string): MemoryPeer | undefined {
    return [...this.#peers].find((peer) => peer.listening().includes(address))
  }

  /** For networks: whether the other is still there to answer. */
  has(peer: MemoryPeer): boolean {
    return this.#peers.has(peer)
  }

  /** For networks: whether a partition is between the two. */
  isCut(from: Uint8Array, to: Uint8Array): boolean {
    return this.#cut.has(route(from, to))
  }

  /** For networks and links: delivers `run` from one to the other, later. */
  post(from: Uint8Array, to: Uint8Array, run: () => void): void {
    const key = route(from, to)
    const deliveries = this.#routes.get(key)
    const delivery = { order: this.#posted++, run }
    if (deliveries) deliveries.push(delivery)
    else this.#routes.set(key, [delivery])
    this.#schedule()
  }

  #connections(): Set<MemoryConnection> {
    return new Set([...this.#peers].flatMap((peer) => [...peer.connections]))
  }

  /** The routes that have something to deliver and are not cut, longest waiting first. */
  #openRoutes(): Delivery[][] {
    const open = [...this.#routes].filter(([key, deliveries]) => deliveries.length > 0 && !this.#cut.has(key))
    return open.map(([, deliveries]) => deliveries).sort((a, b) => (a[0]?.order ?? 0) - (b[0]?.order ?? 0))
  }

  #schedule(): void {
    if (this.#manual || this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.deliver(1) > 0) this.#schedule()
    })
  }
}

function route(from: Uint8Array, to: Uint8Array): string {
  return `${toHex(from)}>${toHex(to)}`
}
