/**
 * One multicast DNS socket on one interface: the only file that knows bonjour-service.
 *
 * The library throws from events unless it is given somewhere to put its errors, so every error ends in
 * `onError`: its own callback, its socket's `error` and `warning`, and the results of what is sent.
 */
import { Bonjour } from 'bonjour-service'
import type { Advert } from '../discovery.ts'
import type { MdnsResponse } from './mdns-response.ts'

const TYPE = 'aico-mesh'
/** The name all our devices announce themselves under. */
export const SERVICE_NAME = `_${TYPE}._tcp.local`

export interface BonjourSocketEvents {
  readonly onResponse: (response: MdnsResponse, sender: string) => void
  readonly onError: (err: unknown) => void
}

/** The part of multicast-dns that bonjour-service hides behind `any`. */
interface Mdns {
  on(event: 'error' | 'warning', listener: (err: unknown) => void): void
  on(event: 'response', listener: (response: MdnsResponse, from: { readonly address: string }) => void): void
  query(name: string, type: 'PTR', done: (err: unknown) => void): void
}

export class BonjourSocket {
  readonly #bonjour: Bonjour
  readonly #mdns: Mdns
  readonly #onError: (err: unknown) => void
  #failed = false
  #closed = false

  constructor(address: string, events: BonjourSocketEvents) {
    this.#onError = events.onError
    // The interface alone would bind to its address and hear no multicast; its address is needed to send without a route.
    const options = { interface: address, bind: '0.0.0.0' } as object
    this.#bonjour = new Bonjour(options, (err: unknown) => this.#fail(err))
    this.#mdns = (this.#bonjour as unknown as { readonly server: { readonly mdns: Mdns } }).server.mdns
    this.#mdns.on('error', (err) => this.#fail(err))
    this.#mdns.on('warning', (err) => this.#warn(err))
    this.#mdns.on('response', (response, from) => {
      if (!this.#closed) events.onResponse(response, from.address)
    })
  }

  /** Whether the socket could not be opened, or can no longer send. */
  get failed(): boolean {
    return this.#failed
  }

  ask(): void {
    this.#mdns.query(SERVICE_NAME, 'PTR', (err) => {
      if (err) this.#fail(err)
    })
  }

  publish(announcement: Advert & { readonly instance: string; readonly host: string }): void {
    const { instance, host, port, txt } = announcement
    // No probe: random names do not clash, and the library prints to the console if they do.
    this.#bonjour.publish({ name: instance, type: TYPE, protocol: 'tcp', host, port, txt: { ...txt }, probe: false })
  }

  /** Says goodbye for what was published, and answers for it no more. */
  withdraw(): Promise<void> {
    return new Promise((resolve) => this.#bonjour.unpublishAll(() => resolve()))
  }

  async close(): Promise<void> {
    await this.withdraw()
    this.#closed = true
    await new Promise<void>((resolve) => this.#bonjour.destroy(() => resolve()))
  }

  #fail(err: unknown): void {
    if (this.#closed) return
    this.#failed = true
    this.#onError(err)
  }

  /** Packets that are not DNS come as warnings too; they are nobody's failure. */
  #warn(err: unknown): void {
    if (!this.#closed && err instanceof Error && 'syscall' in err) this.#fail(err)
  }
}
