/**
 * What a bad network, or a member with a bad program, does to the frames of one device: lost, twice, late, cut off, altered.
 *
 * A real link delivers in order or not at all (Noise), so only a peer can do this; whoever is on the way can only end a link.
 * Everything must hold all the same: nothing is taken that is not proven.
 */
import type { Link, Network, NetworkDeps } from '../../src/sync/link.ts'
import type { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import type { Seeded } from '../support/seeded.ts'

export const WIRE_FAULTS = ['drop', 'twice', 'late', 'truncate', 'alter'] as const
export type WireFault = (typeof WIRE_FAULTS)[number]

/** Sees every frame before it leaves, and may say what becomes of it instead. */
export interface Wire {
  readonly onFrame: (link: Link, frame: Uint8Array) => WireFault | undefined
  readonly random: Seeded
}

export function faultyNetwork(deps: NetworkDeps, hub: MemoryHub, wire: Wire): Network {
  const network = new MemoryNetwork({ ...deps, onLink: (link) => deps.onLink(new FaultyLink(link, wire)) }, hub)
  return {
    name: network.name,
    start: () => network.start(),
    stop: () => network.stop(),
    listening: () => network.listening(),
    listen: (port) => network.listen(port),
    stopListening: () => network.stopListening(),
    dial: async (...args) => new FaultyLink(await network.dial(...args), wire),
    disconnect: (peerKey) => network.disconnect(peerKey),
  }
}

class FaultyLink implements Link {
  readonly #link: Link
  readonly #wire: Wire
  /** A frame that goes out behind the next one. */
  #late: Uint8Array | undefined

  constructor(link: Link, wire: Wire) {
    this.#link = link
    this.#wire = wire
  }

  get protocol() {
    return this.#link.protocol
  }

  get remotePeerKey() {
    return this.#link.remotePeerKey
  }

  get remoteAddress() {
    return this.#link.remoteAddress
  }

  get initiator() {
    return this.#link.initiator
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this.#link.chunks()
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  abort(): void {
    this.#link.abort()
  }

  send(frame: Uint8Array): Promise<void> {
    const fault = this.#wire.onFrame(this.#link, frame)
    const late = this.#late
    this.#late = undefined
    const sent = fault === undefined ? this.#link.send(frame) : this.#sendBadly(frame, fault)
    return late === undefined ? sent : sent.then(() => this.#link.send(late))
  }

  #sendBadly(frame: Uint8Array, fault: WireFault): Promise<void> {
    const { random } = this.#wire
    const at = random.below(frame.length)
    switch (fault) {
      case 'drop':
        return Promise.resolve()
      case 'twice':
        return this.#link.send(frame).then(() => this.#link.send(frame))
      case 'late':
        this.#late = frame
        return Promise.resolve()
      case 'truncate':
        return this.#link.send(frame.slice(0, at)).then(() => this.#link.abort())
      case 'alter':
        return this.#link.send(frame.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte)))
    }
  }
}
