/**
 * A person's devices in one process: the agent's own sessions, consent, membership, pairing and key code, on ports of memory.
 * A seed decides all that a network, a scheduler and chance decide elsewhere. Nothing happens but by {@link SimWorld.run}.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { toHex } from '../../src/base/bytes.ts'
import { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import { seeded, type Seeded } from '../support/seeded.ts'
import { fakeCrypto } from './fake-crypto.ts'
import { SimClock } from './sim-clock.ts'
import type { Change } from './sim-disk.ts'
import { SimDevice, type SimCrypto, type SimPlace } from './sim-device.ts'
import { faultyNetwork, type WireFault } from './wire-faults.ts'

/** What stands before the number of every record in its text, and in no other byte of the world. */
export const CANARY = 'canary-'
/** Deliveries made between two turns of the event loop, at most. */
const BATCH = 8
/** More turns than any calm takes: a world that never comes to rest fails instead of hanging. */
const MAX_TURNS = 20_000

export interface WorldOptions {
  readonly seed: number
  readonly crypto?: SimCrypto & { settled?: () => Promise<void> }
}
/** How a promise stands: settled, or not yet. */
export type Outcome<T> = { readonly value: T } | { readonly error: unknown } | 'open'
/** What was sent, ever. */
export interface Traffic {
  frames: number
  bytes: number
  /** Frames in which a record could be read. */
  readonly canaries: string[]
}

/** A hub on which a device keeps its address when it starts again. */
class SimHub extends MemoryHub {
  host = ''

  override newHost(): string {
    return this.host
  }
}

export class SimWorld {
  readonly clock = new SimClock()
  readonly crypto: SimCrypto
  readonly hub: SimHub
  readonly devices: SimDevice[] = []
  readonly traffic: Traffic = { frames: 0, bytes: 0, canaries: [] }
  /** Decides the order of deliveries and what faults do; begins anew at each step, so that a step left out changes no other. */
  random: Seeded
  /** Whoever watches what becomes durable. */
  onCommit: (device: SimDevice, changes: readonly Change[]) => void = () => undefined
  readonly #settled: () => Promise<void>
  readonly #faults = new Map<string, { readonly fault: WireFault; left: number }>()

  constructor({ seed, crypto }: WorldOptions) {
    this.random = seeded(seed)
    const chance = seeded(seed ^ 0x5eed)
    this.crypto = crypto ?? fakeCrypto(() => chance.next())
    this.#settled = crypto?.settled ?? (() => Promise.resolve())
    this.hub = new SimHub({ crypto: this.crypto, delivery: 'manual' })
  }

  add(name: string): SimDevice {
    const n = this.devices.length + 1
    const device = new SimDevice(name, `10.0.${n >> 8}.${n & 255}`, this.#place())
    this.devices.push(device)
    device.start()
    return device
  }

  /** The next frames from one device to another go wrong. */
  spoil(from: SimDevice, to: SimDevice, fault: WireFault, frames: number): void {
    this.#faults.set(routeOf(from.peerKey, to.peerKey), { fault, left: frames })
  }

  healWires(): void {
    this.#faults.clear()
    for (const a of this.devices) for (const b of this.devices) if (a !== b) this.hub.heal(a.peerKey, b.peerKey)
  }

  /** At most so many deliveries, in the order that chance decides; what they set off comes in between. */
  async run(deliveries: number): Promise<void> {
    for (let left = deliveries, quiet = 0; left > 0 && quiet < 2;) {
      const made = this.hub.deliver(Math.min(left, 1 + this.random.below(BATCH)), (routes) => this.random.below(routes))
      left -= made
      quiet = made === 0 ? quiet + 1 : 0
      await this.turn()
    }
  }

  /** Until nothing more happens by itself at this time of the clock. */
  async settle(): Promise<void> {
    for (let turns = 0, quiet = 0; quiet < 2; turns++) {
      if (turns > MAX_TURNS) throw new Error('the world does not come to rest')
      const made = this.hub.deliver(BATCH, (routes) => this.random.below(routes))
      quiet = made === 0 ? quiet + 1 : 0
      await this.turn()
    }
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms, () => this.settle())
    await this.settle()
  }

  /** How a promise stands when what waits for nothing has had its turn. */
  async outcome<T>(promise: Promise<T>): Promise<Outcome<T>> {
    const outcome = watch(promise)
    await this.turn()
    return outcome.is
  }

  /**
   * Runs until a promise is settled, letting time pass if it must.
   * @returns `open` if it never will be, as when a device of it has lost its power
   */
  async until<T>(promise: Promise<T>, limitMs = 20_000): Promise<Outcome<T>> {
    const outcome = watch(promise)
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 1_000) {
      await this.settle()
      if (outcome.is !== 'open') return outcome.is
      await this.advance(1_000)
    }
    return outcome.is
  }

  #place(): SimPlace {
    return {
      clock: this.clock,
      crypto: this.crypto,
      createNetwork: (device, deps) => {
        this.hub.host = device.host
        return faultyNetwork(deps, this.hub, {
          random: {
            next: () => this.random.next(),
            below: (n) => this.random.below(n),
            pick: (items) => this.random.pick(items),
          },
          onFrame: (link, frame) => this.#onFrame(routeOf(device.peerKey, link.remotePeerKey), frame),
        })
      },
      onCommit: (device, changes) => this.onCommit(device, changes),
      onDead: ({ peerKey }) => this.hub.kill(peerKey),
    }
  }

  #onFrame(route: string, frame: Uint8Array): WireFault | undefined {
    const { traffic } = this
    traffic.frames++
    traffic.bytes += frame.length
    if (Buffer.from(frame.buffer, frame.byteOffset, frame.length).includes(CANARY)) traffic.canaries.push(route)
    const planned = this.#faults.get(route)
    if (planned === undefined) return undefined
    if (--planned.left <= 0) this.#faults.delete(route)
    return planned.fault
  }

  /** All that waits for nothing has its turn. */
  async turn(): Promise<void> {
    await turn()
    await this.#settled()
  }
}

function routeOf(from: Uint8Array, to: Uint8Array): string {
  return `${toHex(from.subarray(0, 8))}>${toHex(to.subarray(0, 8))}`
}

function watch<T>(promise: Promise<T>): { is: Outcome<T> } {
  const outcome: { is: Outcome<T> } = { is: 'open' }
  promise.then(
    (value) => (outcome.is = { value }),
    (error: unknown) => (outcome.is = { error }),
  )
  return outcome
}
