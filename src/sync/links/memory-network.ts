/** The network port on a {@link MemoryHub}: the same promises as the real one, checked by the same contract. */
import { equalBytes } from '../../base/bytes.ts'
import {
  LinkError,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_DIAL_ADDRESSES,
  type ConnectionGate,
  type Link,
  type LinkErrorCode,
  type LinkProtocol,
  type Network,
  type NetworkDeps,
} from '../link.ts'
import { isLinkAddress } from './link-address.ts'
import { MemoryConnection, type MemoryPeer } from './memory-connection.ts'
import type { MemoryHub } from './memory-hub.ts'
import type { MemoryLink } from './memory-link.ts'

const DEFAULT_PORT = 4_000
const KEY_BYTES = 32

export class MemoryNetwork implements Network, MemoryPeer {
  readonly name = 'sync.memory-network'
  readonly peerKey: Uint8Array
  readonly host: string
  readonly gate: ConnectionGate
  readonly connections = new Set<MemoryConnection>()
  readonly #deps: NetworkDeps
  readonly #hub: MemoryHub
  #leave: (() => void) | undefined
  #port: number | undefined
  /** What ends each dial that has no answer yet. */
  readonly #dialling = new Set<(code: LinkErrorCode) => void>()

  constructor(deps: NetworkDeps, hub: MemoryHub) {
    this.#deps = deps
    this.#hub = hub
    this.peerKey = hub.crypto.ed25519PublicKey(deps.peerSeed)
    this.host = hub.newHost()
    this.gate = deps.gate
  }

  async start(): Promise<void> {
    this.#leave ??= this.#hub.join(this)
  }

  async stop(): Promise<void> {
    this.#port = undefined
    for (const connection of this.connections) connection.end(this)
    this.#leave?.()
    this.#leave = undefined
    for (const end of this.#dialling) end('LINK_NOT_RUNNING')
  }

  listening(): readonly string[] {
    return this.#port === undefined ? [] : [`/ip4/${this.host}/tcp/${this.#port}`]
  }

  async listen(port: number): Promise<void> {
    this.#checkRunning()
    this.#port ??= port === 0 ? DEFAULT_PORT : port
  }

  async stopListening(): Promise<void> {
    this.#port = undefined
    for (const connection of this.connections) if (connection.acceptor === this) connection.end(this)
  }

  async dial(
    peerKey: Uint8Array,
    addresses: readonly string[],
    protocol: LinkProtocol,
    signal: AbortSignal,
  ): Promise<Link> {
    this.#checkRunning()
    if (peerKey.length !== KEY_BYTES) throw new LinkError('LINK_ADDRESS', 'a peer key has 32 bytes')
    if (signal.aborted) throw refusal('LINK_ABORTED')
    if (!this.#mayConnect(peerKey, 'out')) throw refusal('LINK_DENIED')
    const open = this.#connectionTo(peerKey)
    if (open && !open.hasRoom(this, protocol)) throw refusal('LINK_LIMIT')
    return this.#ask(open ?? this.#newConnection(peerKey, addresses), protocol, signal)
  }

  async disconnect(peerKey: Uint8Array): Promise<void> {
    for (const connection of this.connections) {
      if (!equalBytes(connection.other(this).peerKey, peerKey)) continue
      connection.abortLinks(this)
      connection.end(this)
    }
  }

  /** Hands over a link that another device opened. */
  take(link: MemoryLink): void {
    try {
      this.#deps.onLink(link)
    } catch (err) {
      this.#deps.log.error({ err, protocol: link.protocol }, 'an inbound link was not taken')
      link.abort()
    }
  }

  lostConnection(connection: MemoryConnection): void {
    const { peerKey } = connection.other(this)
    if (this.#connectionTo(peerKey)) return
    try {
      this.#deps.onDisconnect?.(peerKey)
    } catch (err) {
      this.#deps.log.error({ err }, 'a disconnect was not taken')
    }
  }

  /** Says yes (`undefined`) or no to a link over `connection`, which this opens at our side if it is new. */
  refuses(connection: MemoryConnection): LinkErrorCode | undefined {
    const peerKey = connection.other(this).peerKey
    if (!connection.isOpenAt(this)) {
      if (this.#port === undefined) return 'LINK_UNREACHABLE'
      const fromPeer = [...this.connections].filter((c) => equalBytes(c.other(this).peerKey, peerKey))
      const full = this.connections.size >= MAX_CONNECTIONS || fromPeer.length >= MAX_CONNECTIONS_PER_PEER
      if (full || !this.#mayConnect(peerKey, 'in')) return 'LINK_DENIED'
      connection.openAt(this)
    }
    return this.#mayConnect(peerKey, 'in') ? undefined : 'LINK_DENIED'
  }

  /** Asks the other side for a link, and waits for its answer. */
  #ask(connection: MemoryConnection, protocol: LinkProtocol, signal: AbortSignal): Promise<Link> {
    const other = connection.other(this)
    return new Promise((resolve, reject) => {
      let waiting = true
      const settle = (settled: () => void): void => {
        waiting = false
        this.#dialling.delete(fail)
        signal.removeEventListener('abort', onAbort)
        settled()
      }
      const fail = (code: LinkErrorCode): void => settle(() => reject(refusal(code)))
      const onAbort = (): void => fail('LINK_ABORTED')
      this.#dialling.add(fail)
      signal.addEventListener('abort', onAbort)
      this.#hub.post(this.peerKey, other.peerKey, () => {
        const refused = this.#hub.has(other) && !connection.isDead ? other.refuses(connection) : 'LINK_UNREACHABLE'
        const [ours, theirs] = connection.newLink(this, protocol)
        this.#hub.post(other.peerKey, this.peerKey, () => {
          if (!waiting) connection.giveUp(this, ours)
          else if (refused) fail(refused)
          else if (connection.opened(this, ours)) settle(() => resolve(ours))
          else fail('LINK_UNREACHABLE')
        })
        if (refused) return
        connection.register(other, theirs)
        other.take(theirs)
      })
    })
  }

  #newConnection(peerKey: Uint8Array, addresses: readonly string[]): MemoryConnection {
    const usable = addresses.filter(isLinkAddress).slice(0, MAX_DIAL_ADDRESSES)
    if (usable.length === 0) throw new LinkError('LINK_ADDRESS', 'no usable address for the peer')
    if (this.connections.size >= MAX_CONNECTIONS) throw refusal('LINK_LIMIT')
    const answering = usable.flatMap((address) => {
      const peer = this.#hub.at(address)
      return peer && !this.#hub.isCut(this.peerKey, peer.peerKey) ? [{ peer, address }] : []
    })
    const wanted = answering.find(({ peer }) => equalBytes(peer.peerKey, peerKey))
    if (!wanted) throw refusal(answering.length > 0 ? 'LINK_WRONG_PEER' : 'LINK_UNREACHABLE')
    return new MemoryConnection(this.#hub, this, wanted.peer, wanted.address)
  }

  #connectionTo(peerKey: Uint8Array): MemoryConnection | undefined {
    return [...this.connections].find((connection) => equalBytes(connection.other(this).peerKey, peerKey))
  }

  #mayConnect(peerKey: Uint8Array, direction: 'in' | 'out'): boolean {
    if (!this.#leave) return false
    try {
      return this.gate.mayConnect(peerKey, direction)
    } catch (err) {
      this.#deps.log.error({ err, direction }, 'the connection gate failed')
      return false
    }
  }

  #checkRunning(): void {
    if (!this.#leave) throw refusal('LINK_NOT_RUNNING')
  }
}

function refusal(code: LinkErrorCode): LinkError {
  return new LinkError(code, `the dial failed: ${code}`)
}
