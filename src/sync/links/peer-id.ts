/** Raw Ed25519 keys, which the rest of the code knows, as libp2p's peer ids and back. */
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { LinkError } from '../link.ts'

const KEY_BYTES = 32

/** @throws {LinkError} `LINK_ADDRESS` if it is not a key. */
export function peerIdOf(peerKey: Uint8Array): PeerId {
  if (peerKey.length !== KEY_BYTES) throw new LinkError('LINK_ADDRESS', 'a peer key has 32 bytes')
  return peerIdFromPublicKey(publicKeyFromRaw(peerKey))
}

/** The raw Ed25519 key of a peer, or `undefined` for every other kind of key. */
export function rawKey(peer: PeerId): Uint8Array | undefined {
  return peer.type === 'Ed25519' ? new Uint8Array(peer.publicKey.raw) : undefined
}
