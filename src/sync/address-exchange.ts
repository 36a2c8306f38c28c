/**
 * A session's part in members finding each other: remembers where the peer says it is, tells it where others are, and
 * takes what it says of them (docs/spec/session.md SE17 to SE19). Addresses are hints; the link proves who answers.
 */
import type { Clock } from '../base/clock.ts'
import type { DeviceId } from '../model/ids.ts'
import { MAX_ADDRESS_ROWS, type AddressRow, type SyncMessage } from '../wire/sync-message-types.ts'
import { chunksOf } from './chunks-of.ts'
import { isLinkAddress, isLoopback } from './links/link-address.ts'
import type { SyncStore } from './sync-store.ts'

export interface AddressExchangeDeps {
  readonly peer: DeviceId
  readonly clock: Pick<Clock, 'now'>
  readonly store: Pick<SyncStore, 'rememberPeer' | 'addressesToTell' | 'takeAddresses'>
  readonly post: (message: SyncMessage) => void
  /** Where the peer's end of the link is. */
  readonly remoteAddress: string
}

export class AddressExchange {
  readonly #deps: AddressExchangeDeps
  /** The peer is on this host, so what leads to this host leads to it, and the other way round. */
  readonly #isOnThisHost: boolean
  /** What the peer was told, by device. */
  readonly #told = new Map<DeviceId, string>()

  constructor(deps: AddressExchangeDeps) {
    this.#deps = deps
    this.#isOnThisHost = isLoopback(deps.remoteAddress)
  }

  /** The peer said where it can be dialled. */
  async onHello(addresses: readonly string[]): Promise<void> {
    const { store, peer, clock } = this.#deps
    const now = clock.now()
    const said = { saidUnixMs: Math.floor(now), addresses: this.#worthTelling(addresses) }
    await store.rememberPeer(peer, { addresses, said, lastSeenUnixMs: now })
  }

  async onAddresses(rows: readonly AddressRow[]): Promise<void> {
    const { store, peer } = this.#deps
    await store.takeAddresses(peer, this.#usable(rows))
  }

  /** Tells what the peer was not told yet. */
  async tell(): Promise<void> {
    const { store, peer, post } = this.#deps
    const rows = this.#usable(await store.addressesToTell(peer))
    const news = rows.filter(({ deviceId, addresses }) => (this.#told.get(deviceId) ?? '') !== addresses.join())
    for (const { deviceId, addresses } of news) this.#told.set(deviceId, addresses.join())
    for (const chunk of chunksOf(news, MAX_ADDRESS_ROWS)) post({ type: 'addresses', rows: chunk })
  }

  /** Tells everything once more: the peer may not have known these devices as members before. */
  tellAnew(): Promise<void> {
    this.#told.clear()
    return this.tell()
  }

  #usable(rows: readonly AddressRow[]): readonly AddressRow[] {
    return rows.map((row) => ({ ...row, addresses: this.#worthTelling(row.addresses) }))
  }

  /** Loopback means another device on every host: it is passed on only between devices that met over it. */
  #worthTelling(addresses: readonly string[]): readonly string[] {
    return addresses.filter((address) => isLinkAddress(address) && (this.#isOnThisHost || !isLoopback(address)))
  }
}
