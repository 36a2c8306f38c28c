/** A connection in memory: two devices and the links between them. Each side may know of its end at its own time. */
import { equalBytes } from '../../base/bytes.ts'
import { MAX_LINKS_PER_PROTOCOL, type LinkErrorCode, type LinkProtocol } from '../link.ts'
import { MemoryLink, type Courier } from './memory-link.ts'

/** A device at one end. */
export interface MemoryPeer {
  readonly peerKey: Uint8Array
  readonly host: string
  readonly connections: Set<MemoryConnection>
  listening(): readonly string[]
  /** Says yes (`undefined`) or no to a link over a connection, which it opens at its side if it is new. */
  refuses(connection: MemoryConnection): LinkErrorCode | undefined
  take(link: MemoryLink): void
  lostConnection(connection: MemoryConnection): void
}

export class MemoryConnection {
  readonly dialer: MemoryPeer
  readonly acceptor: MemoryPeer
  readonly #courier: Courier
  readonly #address: string
  #dead = false
  readonly #links = new Map<MemoryPeer, Set<MemoryLink>>()

  constructor(courier: Courier, dialer: MemoryPeer, acceptor: MemoryPeer, address: string) {
    this.#courier = courier
    this.dialer = dialer
    this.acceptor = acceptor
    this.#address = address
  }

  /** Ended by {@link die}: no answer that is still on its way opens it again. */
  get isDead(): boolean {
    return this.#dead
  }

  /** Whether all the given devices are at its ends. */
  joins(...keys: readonly Uint8Array[]): boolean {
    return keys.every((key) => equalBytes(this.dialer.peerKey, key) || equalBytes(this.acceptor.peerKey, key))
  }

  other(peer: MemoryPeer): MemoryPeer {
    return peer === this.dialer ? this.acceptor : this.dialer
  }

  isOpenAt(peer: MemoryPeer): boolean {
    return this.#links.has(peer)
  }

  openAt(peer: MemoryPeer): void {
    this.#links.set(peer, new Set())
    peer.connections.add(this)
  }

  hasRoom(initiator: MemoryPeer, protocol: LinkProtocol): boolean {
    const links = [...(this.#links.get(initiator) ?? [])].filter((l) => l.initiator && l.protocol === protocol)
    return links.length < MAX_LINKS_PER_PROTOCOL
  }

  /** @returns the two ends of a new link, first the initiator's; neither is registered yet. */
  newLink(initiator: MemoryPeer, protocol: LinkProtocol): readonly [MemoryLink, MemoryLink] {
    const other = this.other(initiator)
    const ends = [this.#end(initiator, protocol, true), this.#end(other, protocol, false)] as const
    MemoryLink.join(...ends)
    return ends
  }

  /** The dialler's side opens, if it is not, and takes its end of a link. @returns false if it died meanwhile. */
  opened(dialler: MemoryPeer, link: MemoryLink): boolean {
    if (this.#dead) return false
    if (!this.isOpenAt(dialler)) this.openAt(dialler)
    this.register(dialler, link)
    return true
  }

  /** The dialler no longer wants the link it asked for; nor the connection, if that was only for this link. */
  giveUp(dialler: MemoryPeer, link: MemoryLink): void {
    link.abort()
    const other = this.other(dialler)
    if (!this.isOpenAt(dialler)) this.#courier.post(dialler.peerKey, other.peerKey, () => this.#endAt(other))
  }

  register(peer: MemoryPeer, link: MemoryLink): void {
    this.#links.get(peer)?.add(link)
  }

  abortLinks(peer: MemoryPeer): void {
    for (const link of this.#links.get(peer) ?? []) link.abort()
  }

  /** This side hangs up; the other learns it after the bytes that are on their way. */
  end(peer: MemoryPeer): void {
    if (!this.#endAt(peer)) return
    const other = this.other(peer)
    this.#courier.post(peer.peerKey, other.peerKey, () => this.#endAt(other))
  }

  /** Both sides learn at once that it is over. */
  die(): void {
    this.#dead = true
    this.#endAt(this.dialer)
    this.#endAt(this.acceptor)
  }

  #endAt(peer: MemoryPeer): boolean {
    const links = this.#links.get(peer)
    if (!this.#links.delete(peer)) return false
    peer.connections.delete(this)
    for (const link of links ?? []) link.die()
    peer.lostConnection(this)
    return true
  }

  #end(peer: MemoryPeer, protocol: LinkProtocol, initiator: boolean): MemoryLink {
    return new MemoryLink({
      courier: this.#courier,
      protocol,
      localPeerKey: peer.peerKey,
      remotePeerKey: this.other(peer).peerKey,
      remoteAddress: peer === this.dialer ? this.#address : `/ip4/${this.dialer.host}/tcp/1`,
      initiator,
      onOver: (link) => this.#links.get(peer)?.delete(link),
    })
  }
}
