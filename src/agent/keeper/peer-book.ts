/**
 * What this device remembers of others: always current in memory, on disk a little later. It is knowledge that comes
 * again by itself, so a crash may lose the last seconds of it; the records it is about are safe by themselves.
 */
import type { Clock } from '../../base/clock.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { PeerMemory, PeerTable } from '../../store/small-tables.ts'

/** Addresses remembered of one device: its last networks. */
const MAX_ADDRESSES = 16

/** Time between two writes about one device, in milliseconds: a live session has news several times a second. */
export const WRITE_EVERY_MS = 5_000

export class PeerBook {
  readonly #table: PeerTable
  readonly #clock: Clock
  readonly #writtenAtMs = new Map<DeviceId, number>()
  readonly #unwritten = new Set<DeviceId>()
  readonly #peers: Map<DeviceId, PeerMemory>

  constructor(table: PeerTable, clock: Clock) {
    this.#table = table
    this.#clock = clock
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
        said: undefined,
        hints: [],
      }
    )
  }

  /** Changes what is named; addresses just seen come first, older ones are kept behind them. */
  remember(deviceId: DeviceId, news: Partial<Omit<PeerMemory, 'deviceId'>>): void {
    const known = this.get(deviceId)
    const addresses = [...new Set([...(news.addresses ?? []), ...known.addresses])].slice(0, MAX_ADDRESSES)
    const peer = { ...known, ...news, addresses }
    this.#peers.set(deviceId, peer)
    this.#unwritten.add(deviceId)
    const sinceWriteMs = this.#clock.monotonic() - (this.#writtenAtMs.get(deviceId) ?? Number.NEGATIVE_INFINITY)
    // Never seen means that every lease has run out: the first meeting must not be lost with a power cut.
    const isFirstSeen = known.lastSeenUnixMs === undefined && peer.lastSeenUnixMs !== undefined
    if (isFirstSeen || sinceWriteMs >= WRITE_EVERY_MS) this.#write(deviceId)
  }

  /** Writes what is still in memory only. */
  flush(): void {
    for (const deviceId of this.#unwritten) this.#write(deviceId)
  }

  #write(deviceId: DeviceId): void {
    this.#table.set(this.get(deviceId))
    this.#unwritten.delete(deviceId)
    this.#writtenAtMs.set(deviceId, this.#clock.monotonic())
  }
}
