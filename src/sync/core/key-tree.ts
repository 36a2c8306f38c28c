/**
 * The key tree: epoch -> module -> part -> segment, by HKDF-SHA256 (RFC 5869); docs/spec/segments.md.
 *
 * A child never gives its parent or its sibling away, so handing over a module's key hands over that module only.
 * An epoch's key is random: destroying it and every hand-over of it ends what was sealed under it.
 */
import { concat, utf8 } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import { idBytes, type Incarnation, type LogId } from '../../model/ids.ts'
import { KEY_COMMITMENT_BYTES } from '../../wire/segment-header.ts'

type Hkdf = Pick<Crypto, 'hkdfSha256'>

/** Length of every key in the tree, in bytes. */
export const TREE_KEY_BYTES = 32

const NO_SALT = new Uint8Array(0)
const MODULE_INFO = utf8('aico-mesh/key/module/v1\0')
const PART_INFO = utf8('aico-mesh/key/part/v1\0')
const SEGMENT_INFO = utf8('aico-mesh/key/segment/v1\0')
const COMMIT_INFO = utf8('aico-mesh/key/commit/v1\0')
/** One key seals many segments, and each header is compared with its commitment; kept no longer than the key itself. */
const commitments = new WeakMap<Uint8Array, Uint8Array>()

export function moduleKey(crypto: Hkdf, epochKey: Uint8Array, module: string): Uint8Array {
  return crypto.hkdfSha256(epochKey, NO_SALT, concat(MODULE_INFO, utf8(module)), TREE_KEY_BYTES)
}

export function partKey(crypto: Hkdf, moduleKeyBytes: Uint8Array, part: string): Uint8Array {
  return crypto.hkdfSha256(moduleKeyBytes, NO_SALT, concat(PART_INFO, utf8(part)), TREE_KEY_BYTES)
}

/** Where a segment stands: with its salt, what makes its key its own. */
export interface SegmentPlace {
  readonly salt: Uint8Array
  readonly log: LogId
  readonly incarnation: Incarnation
  readonly seq: number
}

export function segmentKey(crypto: Hkdf, partKeyBytes: Uint8Array, place: SegmentPlace): Uint8Array {
  const seq = new Uint8Array(8)
  new DataView(seq.buffer).setBigUint64(0, BigInt(place.seq))
  const info = concat(SEGMENT_INFO, idBytes(place.log), idBytes(place.incarnation), seq)
  return crypto.hkdfSha256(partKeyBytes, place.salt, info, TREE_KEY_BYTES)
}

/** Names a part key without giving it away; stands in every header, since ChaCha20-Poly1305 does not commit to its key. */
export function keyCommitment(crypto: Hkdf, partKeyBytes: Uint8Array): Uint8Array {
  const known = commitments.get(partKeyBytes)
  if (known !== undefined) return known
  const commitment = crypto.hkdfSha256(partKeyBytes, NO_SALT, COMMIT_INFO, KEY_COMMITMENT_BYTES)
  commitments.set(partKeyBytes, commitment)
  return commitment
}
