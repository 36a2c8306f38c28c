/** What this device remembers of others, in memory and on disk. */
import type { DeviceId } from '../../model/ids.ts'
import type { PeerMemory, PeerTable } from '../../store/small-tables.ts'

/** Addresses remembered of one device: its last networks. */
const MAX_ADDRESSES = 16

export class PeerBook {
  readonly #table: PeerTable
  readonly #peers: Map<DeviceId, PeerMemory>

  constructor(table: PeerTable) {
    this.#table = table
    this.#peers = new Map(table.all().map((peer) => [peer.deviceId, peer]))
  }

  get(deviceId: DeviceId): PeerMemory {
    return (
      this.#peers.get(deviceId) ?? {
        deviceId,
        addresses: [],
        lastSeenUnixMs: undefined,
        syncedUnixMs: undefined,
        pending: 0,
        clock: undefined,
      }
    )
  }

  /** Changes what is named; addresses just seen come first, older ones are kept behind them. */
  remember(deviceId: DeviceId, news: Partial<Omit<PeerMemory, 'deviceId'>>): void {
    const known = this.get(deviceId)
    const addresses = [...new Set([...(news.addresses ?? []), ...known.addresses])].slice(0, MAX_ADDRESSES)
    const peer = { ...known, ...news, addresses }
    this.#peers.set(deviceId, peer)
    this.#table.set(peer)
  }
}
