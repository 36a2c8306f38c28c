/**
 * Signed head: the author's signature over one segment's id, which vouches for every header reachable through `prev`.
 *
 *   signature = Ed25519(author, "aico-mesh/head/v1\0" || CBOR { 1 author, 2 log, 3 incarnation, 4 seq, 5 id })
 *   on the wire = the same map with 6 signature
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { idBytes } from '../model/ids.ts'
import type { SignedHead } from '../model/segment.ts'
import { decodeCborMap, fields, mapOf, readBytes, readUint } from './cbor-fields.ts'
import { encodeCbor } from './cbor.ts'
import { HASH_BYTES, readDeviceId, readIncarnation, readLogId, SIGNATURE_BYTES } from './shared-fields.ts'
import { limitBytes } from './wire-error.ts'

export type UnsignedHead = Omit<SignedHead, 'signature'>

/** Largest encoded head, in bytes: ours is under 200; the rest is room for later fields. */
export const MAX_SIGNED_HEAD_BYTES = 512
const DOMAIN = utf8('aico-mesh/head/v1\0')
const F = fields({ author: 1, log: 2, incarnation: 3, seq: 4, id: 5, signature: 6 })

export function headSigningBytes(head: UnsignedHead): Uint8Array {
  return concat(DOMAIN, encodeCbor(headMap(head, undefined)))
}

export function signHead(crypto: Pick<Crypto, 'ed25519Sign'>, seed: Uint8Array, head: UnsignedHead): SignedHead {
  const { author, log, incarnation, seq, id } = head
  return { author, log, incarnation, seq, id, signature: crypto.ed25519Sign(seed, headSigningBytes(head)) }
}

/** Whether the author named in the head signed it. */
export function verifyHead(crypto: Pick<Crypto, 'ed25519Verify'>, head: SignedHead): boolean {
  return crypto.ed25519Verify(idBytes(head.author), headSigningBytes(head), head.signature)
}

export function encodeSignedHead(head: SignedHead): Uint8Array {
  return encodeCbor(headMap(head, head.signature))
}

/** The signature is not checked here. @throws {WireError} for bytes that are not a signed head. */
export function decodeSignedHead(bytes: Uint8Array): SignedHead {
  limitBytes(bytes, MAX_SIGNED_HEAD_BYTES, 'signed head')
  const map = decodeCborMap(bytes, 'signed head')
  return {
    author: readDeviceId(map, F.author),
    log: readLogId(map, F.log),
    incarnation: readIncarnation(map, F.incarnation),
    seq: readUint(map, F.seq),
    id: readBytes(map, F.id, HASH_BYTES),
    signature: readBytes(map, F.signature, SIGNATURE_BYTES),
  }
}

function headMap(head: UnsignedHead, signature: Uint8Array | undefined) {
  return mapOf(
    [F.author, idBytes(head.author)],
    [F.log, idBytes(head.log)],
    [F.incarnation, idBytes(head.incarnation)],
    [F.seq, head.seq],
    [F.id, head.id],
    [F.signature, signature],
  )
}
