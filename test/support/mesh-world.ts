/**
 * Devices of one person in one process: real keepers, pairing, consent and sessions over a network of memory and a clock
 * moved by hand. Nothing here depends on time passing: {@link MeshWorld.settle} runs until nothing more would happen.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Crypto } from '../../src/base/crypto.ts'
import type { Signal } from '../../src/model/lane.ts'
import type { Stage } from '../../src/model/stage.ts'
import { nodeCrypto } from '../../src/platform/node-crypto.ts'
import { MemoryLan } from '../../src/sync/discovery/memory-discovery.ts'
import { MemoryHub } from '../../src/sync/links/memory-hub.ts'
import { START_MS } from './keeper-home.ts'
import { manualClock, type ManualClock } from './manual-clock.ts'
import { MeshDevice } from './mesh-device.ts'
import { seeded, type Seeded } from './seeded.ts'

/** Turns of the event loop in which nothing happened, after which nothing will. */
const QUIET_TURNS = 4
/** More turns than any test needs: a world that never settles fails instead of hanging. */
const MAX_TURNS = 200_000

export class MeshWorld {
  readonly clock: ManualClock = manualClock(START_MS)
  readonly hub = new MemoryHub({ crypto: nodeCrypto, delivery: 'manual' })
  readonly lan = new MemoryLan()
  readonly random: Seeded
  readonly crypto: Crypto
  readonly folder = mkdtempSync(join(tmpdir(), 'mesh-world-'))
  readonly #devices: MeshDevice[] = []
  readonly #pick: (routes: number) => number
  #activity = 0

  readonly #hasMulticast: boolean

  /**
   * @param seed decides in which order deliveries on different routes are made; without one, the oldest comes first
   * @param options `multicast: false` for a network on which devices do not hear each other's announcements
   */
  constructor(seed?: number, { multicast = true }: { readonly multicast?: boolean } = {}) {
    this.#hasMulticast = multicast
    this.random = seeded(seed ?? 0)
    const ids = seeded((seed ?? 0) ^ 0x5eed)
    this.crypto = {
      ...nodeCrypto,
      randomBytes: (length) => Uint8Array.from({ length }, () => ids.below(256)),
    }
    this.#pick = seed === undefined ? () => 0 : (routes) => this.random.below(routes)
  }

  async add(name: string, stage?: Stage): Promise<MeshDevice> {
    const device = new MeshDevice(name, {
      folder: this.folder,
      hub: this.hub,
      lan: this.#hasMulticast ? this.lan : new MemoryLan(),
      clock: this.clock,
      crypto: this.crypto,
      onActivity: () => {
        this.#activity++
      },
    })
    this.#devices.push(device)
    await device.create(stage)
    return device
  }

  /** Devices that are one mesh: the first invites all others. */
  async mesh<Names extends readonly string[]>(...names: Names): Promise<{ [At in keyof Names]: MeshDevice }> {
    const devices: MeshDevice[] = []
    for (const name of names) devices.push(await this.add(name))
    for (const device of devices.slice(1)) await this.pair(devices[0] as MeshDevice, device)
    await this.settle()
    return devices as { [At in keyof Names]: MeshDevice }
  }

  async pair(inviter: MeshDevice, joiner: MeshDevice): Promise<void> {
    const { ticket } = await this.until(inviter.host.invite())
    await this.until(joiner.host.join(ticket, new AbortController().signal))
    await this.settle()
  }

  /** Runs the world until the promise is settled, and gives its answer. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const outcome: { isSettled: boolean } = { isSettled: false }
    const done = promise.finally(() => {
      outcome.isSettled = true
    })
    done.catch(() => undefined) // told to the caller below, when the world has run that far
    for (let turns = 0; !outcome.isSettled; turns++) {
      if (turns > MAX_TURNS) throw new Error('the world waits for something that does not come')
      await this.step()
    }
    return done
  }

  /** Runs until nothing more happens by itself at this time of the clock. */
  async settle(): Promise<void> {
    for (let turns = 0, quiet = 0; quiet < QUIET_TURNS; turns++) {
      if (turns > MAX_TURNS) throw new Error('the world does not come to rest')
      quiet = (await this.step()) ? 0 : quiet + 1
    }
  }

  /** Runs one delivery at a time, and lets time pass where nothing happens, until the condition holds. */
  async runUntil(isReached: () => boolean): Promise<void> {
    for (let turns = 0, quiet = 0; !isReached(); turns++) {
      if (turns > MAX_TURNS) throw new Error('the world never gets there')
      quiet = (await this.step(1)) ? 0 : quiet + 1
      if (quiet > QUIET_TURNS) this.clock.advance(250)
    }
  }

  /** Lets time pass in small steps, so that everything due has its turn in between. */
  async advance(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left))
      await this.settle()
    }
  }

  /** Nothing passes between the two until {@link heal}; what is under way waits. */
  partition(a: MeshDevice, b: MeshDevice): void {
    this.hub.partition(a.peerKey, b.peerKey)
  }

  heal(a: MeshDevice, b: MeshDevice): void {
    this.hub.heal(a.peerKey, b.peerKey)
  }

  /** Their connections break: what was under way is lost. */
  cut(a: MeshDevice, b: MeshDevice): void {
    this.hub.cut(a.peerKey, b.peerKey)
  }

  /** Records on a device, cut, and everything that follows from it. */
  async recorded(device: MeshDevice, bytes: Uint8Array, signal: Signal = 'traces'): Promise<void> {
    await this.until(device.record(bytes, signal))
    device.cut()
    await this.settle()
  }

  async close(): Promise<void> {
    const disposed = Promise.all(this.#devices.map((device) => device.dispose()))
    await this.until(disposed)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Some deliveries and one turn of the event loop. @returns whether anything happened */
  async step(deliveries = 32): Promise<boolean> {
    const before = this.#activity
    const made = this.hub.deliver(deliveries, this.#pick)
    await turn()
    // Sealing for others runs on other threads: consent's own queue says when it is done.
    for (const device of this.#devices) {
      if (device.isRunning) await device.keeper.consents.receive(device.id, [])
    }
    const isWaiting = this.#devices.some((device) => device.openCalls > 0)
    return made > 0 || isWaiting || this.#activity !== before
  }
}
