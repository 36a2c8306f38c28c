/**
 * The network on libp2p: TCP, Noise and yamux between devices whose gates say yes.
 *
 * Opens a port only between `listen` and `stopListening`. Reconnecting, sessions and
 * who is a member are the caller's: this only connects, when told to, to whom it is told.
 */
import type { Connection, Listener, PeerId, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { networkInterfaces } from 'node:os'
import {
  ADDRESS_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  LinkError,
  MAX_LINKS_PER_PROTOCOL,
  PROTOCOLS,
  type Link,
  type LinkProtocol,
  type Network,
  type NetworkDeps,
} from '../link.ts'
import { connect, openStream, withDeadline } from './libp2p-dial.ts'
import { linkError } from './libp2p-errors.ts'
import { createNode, INBOUND_CONNECTIONS_PER_SECOND, type Node } from './libp2p-node.ts'
import { reachableFirst } from './link-address.ts'
import { peerIdOf, rawKey } from './peer-id.ts'
import { StreamLink, type ByteTap } from './stream-link.ts'

/** How long a connection may flush when we end it, in milliseconds, before it is cut. */
const HANG_UP_MS = 1_000
const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as LinkProtocol[]

export interface Libp2pNetworkOptions {
  /** Sees every byte of every link before Noise and after it. For tests only. */
  readonly onBytes?: ByteTap
  /** Default {@link INBOUND_CONNECTIONS_PER_SECOND}; many agents on one machine need more. */
  readonly inboundConnectionsPerSecond?: number
  /** Default {@link DIAL_TIMEOUT_MS}. */
  readonly dialTimeoutMs?: number
  /** Default {@link ADDRESS_TIMEOUT_MS}. */
  readonly addressTimeoutMs?: number
}

export class Libp2pNetwork implements Network {
  readonly name = 'sync.libp2p'
  readonly #deps: NetworkDeps
  readonly #options: Libp2pNetworkOptions
  #node: Node | undefined
  #listeners: Listener[] = []
  #lastChange: Promise<void> = Promise.resolve()

  constructor(deps: NetworkDeps, options: Libp2pNetworkOptions = {}) {
    this.#deps = deps
    this.#options = options
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#node) return
      const node = await createNode({
        peerSeed: this.#deps.peerSeed,
        mayConnect: (peer, direction) => this.#mayConnect(rawKey(peer), direction),
        connectionsTo: (peer) => this.#node?.libp2p.getConnections(peer).length ?? 0,
        inboundConnectionsPerSecond: this.#options.inboundConnectionsPerSecond ?? INBOUND_CONNECTIONS_PER_SECOND,
        addressTimeoutMs: this.#options.addressTimeoutMs ?? ADDRESS_TIMEOUT_MS,
      })
      for (const protocol of PROTOCOL_NAMES) {
        await node.libp2p.handle(
          PROTOCOLS[protocol],
          (stream, connection) => this.#accept(protocol, stream, connection),
          {
            maxInboundStreams: MAX_LINKS_PER_PROTOCOL,
            maxOutboundStreams: MAX_LINKS_PER_PROTOCOL,
          },
        )
      }
      node.libp2p.addEventListener('peer:disconnect', (event) => this.#onDisconnect(event.detail))
      await node.libp2p.start()
      this.#node = node
    })
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const node = this.#node
      if (!node) return
      this.#node = undefined // from here on the gate says no
      await Promise.all(node.libp2p.getConnections().map(hangUp))
      await this.#closeListeners()
      await node.libp2p.stop()
    })
  }

  listening(): readonly string[] {
    return reachableFirst(this.#listeners.flatMap((listener) => listener.getAddrs().map(String)))
  }

  listen(port: number): Promise<void> {
    return this.#inTurn(async () => {
      const node = this.#running()
      if (this.#listeners.length > 0) return
      try {
        const opened = await this.#open(node, `/ip4/0.0.0.0/tcp/${port}`)
        // Both families on one port, so that one number is enough to announce.
        if (hasIPv6()) await this.#openIPv6(node, portOf(opened))
      } catch (err) {
        await this.#closeListeners()
        throw new LinkError('LINK_LISTEN', 'the port could not be opened', { cause: err, details: { port } })
      }
    })
  }

  stopListening(): Promise<void> {
    return this.#inTurn(() => this.#closeListeners())
  }

  async dial(
    peerKey: Uint8Array,
    addresses: readonly string[],
    protocol: LinkProtocol,
    signal: AbortSignal,
  ): Promise<Link> {
    const node = this.#running()
    const peer = peerIdOf(peerKey)
    if (signal.aborted) throw linkError('LINK_ABORTED')
    if (!this.#mayConnect(peerKey, 'out')) throw linkError('LINK_DENIED')
    return withDeadline(signal, this.#options.dialTimeoutMs ?? DIAL_TIMEOUT_MS, async (bounded) => {
      const connection = await connect(node.libp2p, peer, addresses, bounded)
      const stream = await openStream(connection, protocol, bounded)
      return this.#link(protocol, stream, connection, true)
    })
  }

  async disconnect(peerKey: Uint8Array): Promise<void> {
    const connections = this.#node?.libp2p.getConnections(peerIdOf(peerKey)) ?? []
    for (const stream of connections.flatMap((connection) => connection.streams)) {
      stream.abort(linkError('LINK_CLOSED'))
    }
    await Promise.all(connections.map(hangUp))
  }

  #running(): Node {
    if (!this.#node) throw linkError('LINK_NOT_RUNNING')
    return this.#node
  }

  /** Starting, stopping and listening wait for each other, so that a port is never left open. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const done = this.#lastChange.then(change)
    this.#lastChange = done.catch(() => undefined) // its own caller sees the failure
    return done
  }

  async #open(node: Node, address: string): Promise<Listener> {
    const listener = node.transport.createListener({ upgrader: node.upgrader })
    await listener.listen(multiaddr(address))
    this.#listeners.push(listener)
    return listener
  }

  async #openIPv6(node: Node, port: number): Promise<void> {
    try {
      await this.#open(node, `/ip6/::/tcp/${port}`)
    } catch (err) {
      this.#deps.log.warn({ err, port }, 'listening on IPv4 only')
    }
  }

  async #closeListeners(): Promise<void> {
    const listeners = this.#listeners
    this.#listeners = []
    await Promise.all(listeners.map((listener) => listener.close()))
  }

  #mayConnect(peerKey: Uint8Array | undefined, direction: 'in' | 'out'): boolean {
    if (!peerKey || !this.#node) return false
    try {
      return this.#deps.gate.mayConnect(peerKey, direction)
    } catch (err) {
      this.#deps.log.error({ err, direction }, 'the connection gate failed')
      return false
    }
  }

  #accept(protocol: LinkProtocol, stream: Stream, connection: Connection): void {
    const link = this.#link(protocol, stream, connection, false)
    if (!this.#mayConnect(link.remotePeerKey, 'in')) {
      link.abort()
      return
    }
    try {
      this.#deps.onLink(link)
    } catch (err) {
      this.#deps.log.error({ err, protocol }, 'an inbound link was not taken')
      link.abort()
    }
  }

  #link(protocol: LinkProtocol, stream: Stream, connection: Connection, initiator: boolean): Link {
    const remotePeerKey = rawKey(connection.remotePeer)
    if (!remotePeerKey) throw linkError('LINK_WRONG_PEER') // unreachable: the gate refuses every other kind of key
    const remoteAddress = withoutPeer(connection.remoteAddr.toString())
    return new StreamLink({
      stream,
      protocol,
      remotePeerKey,
      remoteAddress,
      initiator,
      onBytes: this.#options.onBytes,
    })
  }

  #onDisconnect(peer: PeerId): void {
    const peerKey = rawKey(peer)
    if (!peerKey) return
    try {
      this.#deps.onDisconnect?.(peerKey)
    } catch (err) {
      this.#deps.log.error({ err }, 'a disconnect was not taken')
    }
  }
}

async function hangUp(connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(HANG_UP_MS) })
  } catch (err) {
    connection.abort(err instanceof Error ? err : linkError('LINK_CLOSED', err))
  }
}

function withoutPeer(address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

function portOf(listener: Listener): number {
  const port = /\/tcp\/(\d+)/.exec(String(listener.getAddrs()[0]))?.[1]
  if (port === undefined) throw new TypeError('a TCP listener without a port')
  return Number(port)
}

function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'))
}
