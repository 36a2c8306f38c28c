/**
 * The network as the sync room sees it: streams of bytes to peers whose key is proven.
 *
 * Nothing here knows members, frames or messages. The gate is asked at every
 * connection, both ways, before any protocol byte; without its yes there is no link.
 */
import { MeshError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import type { Service } from '../base/service.ts'

export const PROTOCOLS = { sync: '/aico-mesh/sync/1', pair: '/aico-mesh/pair/1' } as const
export type LinkProtocol = keyof typeof PROTOCOLS

/** Most bytes one link keeps for a reader that does not read; more than that aborts the link. 8 MiB: eight largest segments. */
export const MAX_UNREAD_BYTES = 8 * 1024 * 1024
/** Longest flush of a closing link, in milliseconds; a peer that takes nothing for so long is gone. */
export const CLOSE_TIMEOUT_MS = 5_000
/** Longest dial, in milliseconds, over all addresses and up to the agreed protocol. */
export const DIAL_TIMEOUT_MS = 15_000
/**
 * Longest try of one address, in milliseconds: an address that swallows what it is sent must not use up the time of the
 * others. Three seconds let the first packet be lost once.
 */
export const ADDRESS_TIMEOUT_MS = 3_000
/** Most connections at once, in and out. Far more than one person's devices. */
export const MAX_CONNECTIONS = 100
/** Most connections at once from one peer: more is a mistake or an attack on the other peers' share. */
export const MAX_CONNECTIONS_PER_PEER = 4
/** Most links at once over one connection, per protocol and direction. Two is normal (both sides dialled); the rest is slack for reconnects. */
export const MAX_LINKS_PER_PROTOCOL = 4
/** Most addresses tried in one dial: a host announces a handful. */
export const MAX_DIAL_ADDRESSES = 16

/**
 * - `LINK_CLOSED`: the link is over, by either side; nothing more can be sent.
 * - `LINK_DENIED`: our gate said no, or the peer proved its key and then hung up, which is how its gate says no.
 * - `LINK_WRONG_PEER`: somebody else than the wanted key answered.
 * - `LINK_UNREACHABLE`: no address answered in time.
 * - `LINK_PROTOCOL`: the peer is there but does not speak the protocol.
 * - `LINK_LIMIT`: too many connections or links.
 * - `LINK_ABORTED`: the caller's signal fired.
 * - `LINK_NOT_RUNNING`: the network is not started.
 * - `LINK_LISTEN`: the port could not be opened.
 * - `LINK_ADDRESS`: an address or key is not well formed.
 */
export type LinkErrorCode =
  | 'LINK_CLOSED'
  | 'LINK_DENIED'
  | 'LINK_WRONG_PEER'
  | 'LINK_UNREACHABLE'
  | 'LINK_PROTOCOL'
  | 'LINK_LIMIT'
  | 'LINK_ABORTED'
  | 'LINK_NOT_RUNNING'
  | 'LINK_LISTEN'
  | 'LINK_ADDRESS'
export class LinkError extends MeshError<LinkErrorCode> {}

/** One bidirectional, ordered, reliable stream to one peer. Bytes in, bytes out; framing is the caller's. */
export interface Link {
  readonly protocol: LinkProtocol
  /** The peer's raw 32-byte Ed25519 key, proven by Noise. */
  readonly remotePeerKey: Uint8Array
  readonly remoteAddress: string
  /** True on the side that dialled. */
  readonly initiator: boolean
  /**
   * Resolves when the transport can take more: awaiting it is the back-pressure. Order is the order of the calls.
   * @throws {LinkError} `LINK_CLOSED` when the link is over.
   */
  send(bytes: Uint8Array): Promise<void>
  /**
   * What the peer sent, from the first byte, even if it came before this was called. One reader at a time; leaving the
   * loop early loses nothing: a later call goes on where it stopped. Ends, without an error, when the peer closes or
   * dies or the link is closed or aborted: an end proves nothing about completeness, so framing must.
   */
  chunks(): AsyncIterable<Uint8Array>
  /**
   * Closes both ways and resolves when everything sent has reached the peer's transport; what the peer still sends is
   * dropped. Idempotent, never rejects, and aborts after {@link CLOSE_TIMEOUT_MS}.
   */
  close(): Promise<void>
  /** Ends the link at once; what was not delivered is lost. Idempotent. */
  abort(): void
}

export interface Network extends Service {
  /** Multiaddrs without `/p2p` part that another device may dial; `[]` while not listening. */
  listening(): readonly string[]
  /**
   * Opens the TCP port (0: any). A second call while listening does nothing.
   * @throws {LinkError} `LINK_LISTEN` if the port cannot be opened; `LINK_NOT_RUNNING` before `start`.
   */
  listen(port: number): Promise<void>
  /** Closes the port and every connection that came in through it; those we dialled live on. Idempotent. */
  stopListening(): Promise<void>
  /**
   * Opens a link to exactly this peer, over an open connection or by dialling the addresses.
   * @throws {LinkError} see {@link LinkErrorCode}.
   */
  dial(peerKey: Uint8Array, addresses: readonly string[], protocol: LinkProtocol, signal: AbortSignal): Promise<Link>
  /** Aborts every link to the peer, then ends its connections. Idempotent. */
  disconnect(peerKey: Uint8Array): Promise<void>
}

/**
 * Asked at every connection, both ways, before any protocol byte, and again at every link. Must be quick; throwing
 * means no. It knows no protocol: who may speak `pair` but not `sync` is for the owner of `onLink` to decide.
 */
export interface ConnectionGate {
  mayConnect(peerKey: Uint8Array, direction: 'in' | 'out'): boolean
}

export interface NetworkDeps {
  readonly log: Logger
  /** Ed25519 seed of this device's peer key, 32 bytes. */
  readonly peerSeed: Uint8Array
  readonly gate: ConnectionGate
  /** Gets every link a peer opened to us. */
  readonly onLink: (link: Link) => void
  /** Called when the last connection to a peer is gone. */
  readonly onDisconnect?: (peerKey: Uint8Array) => void
}
