/**
 * A device that speaks frames by hand: a member's keys and stores behind it, but none of its manners. What it sends is the
 * test's choice, byte by byte; what it hears is kept.
 */
import { FrameDecoder } from '../../src/wire/frame.ts'
import { decodeSyncMessage, encodeSyncMessage } from '../../src/wire/sync-messages.ts'
import { SYNC_VERSIONS, type HelloMessage, type SyncMessage } from '../../src/wire/sync-message-types.ts'
import type { Link, LinkProtocol } from '../../src/sync/link.ts'
import { MemoryNetwork } from '../../src/sync/links/memory-network.ts'
import { decodePairMessage, encodePairMessage, type PairMessage } from '../../src/wire/pair-messages.ts'
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
  const inbound = new LinkQueue()
  const network = new MemoryNetwork(
    { log: silentLog, peerSeed, gate: { mayConnect: () => true }, onLink: (link) => inbound.push(link) },
    world.hub,
  )
  await network.start()
  return new RawPeer(world, network, inbound, device)
}

export class RawPeer {
  readonly #world: MeshWorld
  readonly #network: MemoryNetwork
  readonly #inbound: LinkQueue
  readonly #device: MeshDevice | undefined

  constructor(world: MeshWorld, network: MemoryNetwork, inbound: LinkQueue, device: MeshDevice | undefined) {
    this.#world = world
    this.#network = network
    this.#inbound = inbound
    this.#device = device
  }

  get peerKey(): Uint8Array {
    return this.#network.peerKey
  }

  /** @throws {LinkError} if the victim's gate says no */
  async dial(victim: MeshDevice, reads = true): Promise<RawSession> {
    return new RawSession(this.#world, await this.#dial(victim, 'sync'), SYNC_CODEC, reads)
  }

  async dialPair(victim: MeshDevice): Promise<RawSession<PairMessage>> {
    return new RawSession(this.#world, await this.#dial(victim, 'pair'), PAIR_CODEC)
  }

  /** Dials and says a hello that is in order, then waits for what the victim makes of it. */
  async greet(victim: MeshDevice, reads = true): Promise<RawSession> {
    const session = await this.dial(victim, reads)
    await session.say(await this.hello())
    return session
  }

  /** The next pairing link that somebody opens to it, once it listens. */
  async nextPairLink(): Promise<RawSession<PairMessage>> {
    const link = await this.#world.until(this.#inbound.next())
    return new RawSession(this.#world, link, PAIR_CODEC)
  }

  /** Where it can be dialled. */
  async listen(): Promise<readonly string[]> {
    await this.#world.until(this.#network.listen(0))
    return this.#network.listening()
  }

  #dial(victim: MeshDevice, protocol: LinkProtocol): Promise<Link> {
    const { signal } = new AbortController()
    return this.#world.until(this.#network.dial(victim.peerKey, victim.host.listening(), protocol, signal))
  }

  async hello(): Promise<HelloMessage> {
    const device = this.#device as MeshDevice
    return {
      type: 'hello',
      versions: SYNC_VERSIONS,
      mesh: device.keeper.members.mesh(),
      deviceId: device.id,
      membershipDigest: device.keeper.members.digest(),
      addresses: [],
    }
  }
}

/** Links that came in, for whoever asks next. */
class LinkQueue {
  readonly #links: Link[] = []
  #wake: () => void = () => undefined

  push(link: Link): void {
    this.#links.push(link)
    this.#wake()
  }

  async next(): Promise<Link> {
    while (this.#links.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#links.shift() as Link
  }
}

interface Codec<Message> {
  readonly encode: (message: Message) => Uint8Array
  readonly decode: (kind: number, payload: Uint8Array) => Message
}
const SYNC_CODEC: Codec<SyncMessage> = { encode: encodeSyncMessage, decode: decodeSyncMessage }
const PAIR_CODEC: Codec<PairMessage> = { encode: encodePairMessage, decode: decodePairMessage }

/** One link, by hand. */
export class RawSession<Message extends { readonly type: string } = SyncMessage> {
  /** Everything the other side said, in order. */
  readonly heard: Message[] = []
  /** The other side closed or aborted the link. */
  hasEnded = false
  readonly #world: MeshWorld
  readonly #link: Link
  readonly #codec: Codec<Message>

  /** @param reads false for a peer that sends and never reads */
  constructor(world: MeshWorld, link: Link, codec: Codec<Message>, reads = true) {
    this.#world = world
    this.#link = link
    this.#codec = codec
    if (reads) void this.#read()
  }

  /** Sends, and runs the world until everything that follows has happened. */
  async say(...messages: readonly Message[]): Promise<void> {
    await this.bytes(...messages.map((message) => this.#codec.encode(message)))
  }

  async bytes(...chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) this.#link.send(chunk).catch(() => undefined) // the other side may hang up first
    await this.#world.settle()
  }

  /** Ends the link, as somebody does who has heard enough. */
  async end(): Promise<void> {
    this.#link.abort()
    await this.#world.settle()
  }

  /** The code with which the other side ended the session, if it did. */
  get refusal(): string | undefined {
    const message = this.heard.find(({ type }) => type === 'refuse') as { readonly code?: string } | undefined
    return message?.code
  }

  /** Messages of one kind, in order. */
  all<Type extends Message['type']>(type: Type): readonly Extract<Message, { type: Type }>[] {
    return this.heard.filter((message) => message.type === type) as never
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder()
    for await (const chunk of this.#link.chunks()) {
      for (const { kind, payload } of decoder.push(chunk)) this.heard.push(this.#codec.decode(kind, payload))
    }
    this.hasEnded = true
  }
}
