/** The steps of a dial: a connection to exactly one peer, then a stream that both sides agreed on, all within a deadline. */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import {
  LinkError,
  MAX_CONNECTIONS,
  MAX_DIAL_ADDRESSES,
  MAX_LINKS_PER_PROTOCOL,
  PROTOCOLS,
  type LinkProtocol,
} from '../link.ts'
import { linkError, toLinkError } from './libp2p-errors.ts'
import { isLinkAddress } from './link-address.ts'

export async function connect(
  libp2p: Libp2p,
  peer: PeerId,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Connection> {
  const open = libp2p.getConnections(peer).find((connection) => connection.status === 'open')
  if (open) return open
  const usable = addresses.filter(isLinkAddress).slice(0, MAX_DIAL_ADDRESSES)
  if (usable.length === 0) throw new LinkError('LINK_ADDRESS', 'no usable address for the peer')
  if (libp2p.getConnections().length >= MAX_CONNECTIONS) throw linkError('LINK_LIMIT')
  const suffix = `/p2p/${peer.toString()}`
  try {
    return await libp2p.dial(
      usable.map((address) => multiaddr(address + suffix)),
      { signal },
    )
  } catch (err) {
    throw toLinkError(err)
  }
}

export async function openStream(connection: Connection, protocol: LinkProtocol, signal: AbortSignal): Promise<Stream> {
  const id = PROTOCOLS[protocol]
  const ours = connection.streams.filter((stream) => stream.direction === 'outbound' && stream.protocol === id)
  // libp2p counts only after the peer has agreed, and by then the peer's own limit has reset the stream.
  if (ours.length >= MAX_LINKS_PER_PROTOCOL) throw linkError('LINK_LIMIT')
  try {
    return await connection.newStream(id, { signal })
  } catch (err) {
    const known = toLinkError(err)
    if (known.code !== 'LINK_UNREACHABLE') throw known
    // With the muxer agreed inside the handshake, a peer's refusal shows only here: it proved its key and hung up.
    if (connection.status !== 'open' && !signal.aborted) throw linkError('LINK_DENIED', err)
    // A connection that opens no stream in time is dead without knowing it; the next dial must not find it again.
    connection.abort(known)
    throw known
  }
}

/** Runs `work` with a signal that fires with the caller's or after the time, and leaves nothing behind. */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  work: (bounded: AbortSignal) => Promise<T>,
): Promise<T> {
  const bounded = new AbortController()
  const abort = (): void => bounded.abort()
  const timer = setTimeout(abort, ms).unref()
  signal.addEventListener('abort', abort)
  try {
    return await work(bounded.signal)
  } catch (err) {
    throw signal.aborted ? linkError('LINK_ABORTED', err) : err
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
