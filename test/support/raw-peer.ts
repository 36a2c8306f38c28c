/**
 * A device that speaks frames by hand: a member's keys and stores behind it, but none of its manners. What it sends is the
 * test's choice, byte by byte; what it hears is kept.
 */
import { FrameDecoder } from '../../src/wire/frame.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import { SYNC_VERSION, type HelloMessage, type SyncMessage } from '../../src/wire/sync-message-types.ts'
import type { Link, LinkProtocol } from '../../src/sync/link.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import { silentLog } from './network-devices.ts'
import type { MeshDevice } from './mesh-device.ts'
import type { MeshWorld } from './mesh-world.ts'

/** Takes over a device's place on the network: its own mesh stops, its keeper can still be asked. */
export async function rawPeer(world: MeshWorld, device: MeshDevice): Promise<RawPeer> {
  await world.until(device.stopMesh())
  await world.settle()
  return newRawPeer(world, device.keys.peer, device)
}

/** Somebody with a key of its own that nobody knows. */
export function stranger(world: MeshWorld): Promise<RawPeer> {
  return newRawPeer(world, world.crypto.randomBytes(32), undefined)
}

async function newRawPeer(world: MeshWorld, peerSeed: Uint8Array, device: MeshDevice | undefined): Promise<RawPeer> {
  const network = new MemoryNetwork(
    { log: silentLog, peerSeed, gate: { mayConnect: () => true }, onLink: (link) => link.abort() },
    world.hub,
  )
  await network.start()
  return new RawPeer(world, network, device)
}

export class RawPeer {
  readonly #world: MeshWorld
  readonly #network: MemoryNetwork
  readonly #device: MeshDevice | undefined

  constructor(world: MeshWorld, network: MemoryNetwork, device: MeshDevice | undefined) {
    this.#world = world
    this.#network = network
    this.#device = device
  }

  get peerKey(): Uint8Array {
    return this.#network.peerKey
  }

  /** @throws {LinkError} if the victim's gate says no */
  async dial(victim: MeshDevice, protocol: LinkProtocol = 'sync'): Promise<RawSession> {
    const { signal } = new AbortController()
    const link = await this.#world.until(this.#network.dial(victim.peerKey, victim.host.listening(), protocol, signal))
    return new RawSession(this.#world, link)
  }

  /** Dials and says a hello that is in order, then waits for what the victim makes of it. */
  async greet(victim: MeshDevice, changes: Partial<HelloMessage> = {}): Promise<RawSession> {
    const session = await this.dial(victim)
    await session.say({ ...(await this.hello()), ...changes })
    return session
  }

  async hello(): Promise<HelloMessage> {
    const device = this.#device as MeshDevice
    return {
      type: 'hello',
      versions: [SYNC_VERSION],
      mesh: device.keeper.members.mesh(),
      deviceId: device.id,
      membershipDigest: device.keeper.members.digest(),
      addresses: [],
    }
  }
}

export class RawSession {
  /** Everything the other side said, in order. */
  readonly heard: SyncMessage[] = []
  /** Bytes of everything it said. */
  heardBytes = 0
  /** The other side closed or aborted the link. */
  hasEnded = false
  readonly #world: MeshWorld
  readonly #link: Link

  /** @param reads false for a peer that sends and never reads */
  constructor(world: MeshWorld, link: Link, reads = true) {
    this.#world = world
    this.#link = link
    if (reads && link.protocol === 'sync') void this.#read()
  }

  get link(): Link {
    return this.#link
  }

  /** Sends, and runs the world until everything that follows has happened. */
  async say(...messages: readonly SyncMessage[]): Promise<void> {
    await this.bytes(...messages.map((message) => encodeSyncMessage(message)))
  }

  async bytes(...chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) this.#link.send(chunk).catch(() => undefined) // the other side may hang up first
    await this.#world.settle()
  }

  /** The code with which the other side ended the session, if it did. */
  get refusal(): string | undefined {
    const message = this.heard.find(({ type }) => type === 'refuse')
    return message?.type === 'refuse' ? message.code : undefined
  }

  /** Messages of one kind, in order. */
  all<Type extends SyncMessage['type']>(type: Type): readonly Extract<SyncMessage, { type: Type }>[] {
    return this.heard.filter((message) => message.type === type) as never
  }

  async hangUp(): Promise<void> {
    this.#link.abort()
    await this.#world.settle()
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder()
    for await (const chunk of this.#link.chunks()) {
      this.heardBytes += chunk.length
      for (const { kind, payload } of decoder.push(chunk)) this.heard.push(decodeSyncMessage(kind, payload))
    }
    this.hasEnded = true
  }
}
