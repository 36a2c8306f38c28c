/**
 * How our libp2p node is set up: TCP, Noise and yamux, and nothing else.
 *
 * No identify, relay, discovery, address book or DNS; it opens no port by itself, dials
 * nobody by itself, and connects to nobody the gate does not name.
 */
import { noise, type NoiseComponents } from '@libp2p/noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, ConnectionGater, Libp2p, PeerId, Transport, Upgrader } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import {
  DIAL_TIMEOUT_MS,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_DIAL_ADDRESSES,
  MAX_LINKS_PER_PROTOCOL,
  MAX_UNREAD_BYTES,
  PROTOCOLS,
} from '../link.ts'
import { HandshakeGuard } from './handshake-guard.ts'
import { isLinkAddress } from './link-address.ts'

/** Connections accepted per second from one IP address: a home's devices behind one address may come back together. */
export const INBOUND_CONNECTIONS_PER_SECOND = 20
/** Strangers whose handshake is not finished yet, at most. */
const MAX_PENDING_CONNECTIONS = 32
/** A handshake that takes longer, in milliseconds, is given up. */
const HANDSHAKE_TIMEOUT_MS = 5_000
/** Time between yamux pings, in milliseconds: they keep an idle link's connection open while somebody compares codes. */
const KEEP_ALIVE_MS = 15_000
/** A connection without a byte for so long, in milliseconds, is dead: four pings went unanswered. */
const IDLE_TIMEOUT_MS = 60_000
/** Largest yamux window, in bytes: bounds what a link holds unread; 1 MiB fills 80 Mbit/s at 100 ms. */
const MAX_WINDOW_BYTES = 1024 * 1024
/** Streams per connection and direction: every protocol at its limit. */
const MAX_STREAMS = MAX_LINKS_PER_PROTOCOL * Object.keys(PROTOCOLS).length
/** What a handshake with the wrong key says: libp2p keeps only an error's message. */
export const WRONG_PEER = 'LINK_WRONG_PEER'

export interface NodeInit {
  readonly peerSeed: Uint8Array
  readonly mayConnect: (peer: PeerId, direction: 'in' | 'out') => boolean
  readonly connectionsTo: (peer: PeerId) => number
  readonly inboundConnectionsPerSecond: number
  readonly addressTimeoutMs: number
}

export interface Node {
  readonly libp2p: Libp2p
  /** Our own handle on the transport: libp2p's own listening cannot be ended without stopping it. */
  readonly transport: Transport
  readonly upgrader: Upgrader
}

/** @returns a node that is not started. */
export async function createNode(init: NodeInit): Promise<Node> {
  let transport: Transport | undefined
  let upgrader: Upgrader | undefined
  const libp2p = await createLibp2p({
    start: false,
    privateKey: await generateKeyPairFromSeed('Ed25519', init.peerSeed),
    nodeInfo: { name: 'aico-mesh', version: '1', userAgent: 'aico-mesh' },
    transports: [
      (components) => {
        upgrader = components.upgrader
        return (transport = tcp(tcpOptions)(components))
      },
    ],
    connectionEncrypters: [noiseNamingWrongPeer],
    streamMuxers: [yamux(yamuxOptions)],
    connectionGater: gater(init),
    connectionMonitor: { enabled: false }, // opens a stream per ping; yamux pings already
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      inboundConnectionThreshold: init.inboundConnectionsPerSecond,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPeerAddrsToDial: MAX_DIAL_ADDRESSES,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: init.addressTimeoutMs,
      reconnectRetries: 0,
      resolvers: {},
    },
  })
  if (!transport || !upgrader) throw new TypeError('libp2p did not create its transport')
  return { libp2p, transport, upgrader }
}

const tcpOptions = {
  inboundSocketInactivityTimeout: IDLE_TIMEOUT_MS,
  outboundSocketInactivityTimeout: IDLE_TIMEOUT_MS,
  maxConnections: MAX_CONNECTIONS + MAX_PENDING_CONNECTIONS,
  backlog: MAX_PENDING_CONNECTIONS,
}

const yamuxOptions = {
  keepAliveInterval: KEEP_ALIVE_MS,
  maxInboundStreams: MAX_STREAMS,
  maxOutboundStreams: MAX_STREAMS,
  maxEarlyStreams: MAX_STREAMS,
  streamOptions: { maxStreamWindowSize: MAX_WINDOW_BYTES, maxReadBufferLength: MAX_UNREAD_BYTES },
}

/** libp2p's own default allows everything. */
function gater(init: NodeInit): ConnectionGater {
  const full = (peer: PeerId): boolean => init.connectionsTo(peer) >= MAX_CONNECTIONS_PER_PEER
  const guard = new HandshakeGuard()
  return {
    denyDialPeer: (peer) => !init.mayConnect(peer, 'out'),
    denyDialMultiaddr: (address) => !isLinkAddress(address.toString().replace(/\/p2p\/[^/]+$/, '')),
    denyInboundConnection(connection) {
      guard.watch(connection)
      return false // who it is, is not known yet
    },
    denyOutboundConnection(peer, connection) {
      guard.watch(connection)
      return !init.mayConnect(peer, 'out')
    },
    denyInboundEncryptedConnection(peer, connection) {
      guard.release(connection)
      return full(peer) || !init.mayConnect(peer, 'in')
    },
    denyOutboundEncryptedConnection(peer, connection) {
      guard.release(connection)
      return !init.mayConnect(peer, 'out')
    },
    denyInboundRelayReservation: () => true,
    denyInboundRelayedConnection: () => true,
    denyOutboundRelayedConnection: () => true,
    filterMultiaddrForPeer: () => false, // addresses come with each dial; none is remembered
  }
}

function noiseNamingWrongPeer(components: NoiseComponents): ConnectionEncrypter {
  const inner = noise()(components)
  return {
    protocol: inner.protocol,
    secureInbound: (connection, options) => inner.secureInbound(connection, options),
    async secureOutbound(connection, options) {
      try {
        return await inner.secureOutbound(connection, options)
      } catch (err) {
        if (err instanceof Error && err.name === 'UnexpectedPeerError') throw new Error(WRONG_PEER, { cause: err })
        throw err
      }
    },
  }
}
