/**
 * What this device remembers of others: always current in memory, on disk a little later. It is knowledge that comes
 * again by itself, so a crash may lose the last seconds of it; the records it is about are safe by themselves.
 */
import type { Clock } from '../../base/clock.ts'
import { addClockPoint, type ClockOffset } from '../../model/clock-history.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { PeerMemory, PeerTable } from '../../store/small-tables.ts'

/** Addresses remembered of one device: its last networks. */
const MAX_ADDRESSES = 16

/** Time between two writes about one device, in milliseconds: a live session has news several times a second. */
export const WRITE_EVERY_MS = 5_000

export class PeerBook {
  readonly #table: Pick<PeerTable, 'all' | 'set'>
  readonly #clock: Clock
  readonly #writtenAtMs = new Map<DeviceId, number>()
  readonly #unwritten = new Set<DeviceId>()
  readonly #peers: Map<DeviceId, PeerMemory>
  readonly #refused = new Map<DeviceId, Map<string, number>>()

  constructor(table: Pick<PeerTable, 'all' | 'set'>, clock: Clock) {
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
        clockHistory: [],
        said: undefined,
        hints: [],
      }
    )
  }

  /** Changes what is named; addresses just seen come first, older ones are kept behind them. */
  remember(deviceId: DeviceId, news: Partial<Omit<PeerMemory, 'deviceId' | 'clockHistory'>>): void {
    const known = this.get(deviceId)
    const addresses = [...new Set([...(news.addresses ?? []), ...known.addresses])].slice(0, MAX_ADDRESSES)
    const clockHistory = news.clock
      ? addClockPoint(known.clockHistory, { ...offsetOf(news.clock), atUnixMs: this.#clock.now() })
      : known.clockHistory
    const peer = { ...known, ...news, addresses, clockHistory }
    this.#peers.set(deviceId, peer)
    this.#unwritten.add(deviceId)
    const sinceWriteMs = this.#clock.monotonic() - (this.#writtenAtMs.get(deviceId) ?? Number.NEGATIVE_INFINITY)
    // Never seen means that every lease has run out: the first meeting must not be lost with a power cut.
    const isFirstSeen = known.lastSeenUnixMs === undefined && peer.lastSeenUnixMs !== undefined
    if (isFirstSeen || sinceWriteMs >= WRITE_EVERY_MS) this.#write(deviceId)
  }

  /** @param code one of ours, never the sender's words: names stay few */
  noteRefused(deviceId: DeviceId, code: string): void {
    const counts = this.#refused.get(deviceId) ?? new Map<string, number>()
    this.#refused.set(deviceId, counts.set(code, (counts.get(code) ?? 0) + 1))
  }

  /** What of a device was not taken since the start, by reason. */
  refusedOf(deviceId: DeviceId): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused.get(deviceId) ?? [])
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

function offsetOf({ offsetMs, errorMs }: ClockOffset): ClockOffset {
  return { offsetMs, errorMs }
}
