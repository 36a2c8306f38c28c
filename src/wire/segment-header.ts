/**
 * Segment header: deterministic CBOR, plaintext, unsigned; docs/spec/segments.md.
 *
 *   { 1 version, 2 suite, 3 author, 4 log, 5 incarnation, 6 seq, 7 prev?, 8 salt, 9 keyCommitment, 10 sealedBytes,
 *     11 sealedHash, 12 dropAfterDay?, 13 critical? }
 *
 * Says nothing about time, lane, module or mesh. Ids and authentication are taken from the bytes, never from a header
 * encoded anew, so that fields of later versions survive.
 */
import { concat, utf8 } from '../base/bytes.ts'
import { AEAD_TAG_BYTES, type Sha256 } from '../base/crypto.ts'
import { idBytes } from '../model/ids.ts'
import { MAX_SEALED_BYTES, type SegmentHeader } from '../model/segment.ts'
import { decodeCborMap, fields, mapOf, readBytes, readOptional, readUint } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { HASH_BYTES, readCritical, readDeviceId, readIncarnation, readLogId, requireVersion } from './shared-fields.ts'
import { fieldError, limitBytes, WireError } from './wire-error.ts'

export const SEGMENT_VERSION = 1
export const SEGMENT_SUITE = 1
export const SALT_BYTES = 16
export const KEY_COMMITMENT_BYTES = 16
/** Largest header, in bytes: ours is under 250; the rest is room for extensions. */
export const MAX_SEGMENT_HEADER_BYTES = 512
/** Latest drop day, in days since 1970: the last one a date can show. */
export const MAX_DROP_DAY = 100_000_000

const ID_DOMAIN = utf8('aico-mesh/segment/v1\0')
const AAD_DOMAIN = utf8('aico-mesh/segment-aad/v1\0')
const F = fields({
  version: 1,
  suite: 2,
  author: 3,
  log: 4,
  incarnation: 5,
  seq: 6,
  prev: 7,
  salt: 8,
  keyCommitment: 9,
  sealedBytes: 10,
  sealedHash: 11,
  dropAfterDay: 12,
  critical: 13,
})

export type SegmentErrorCode = 'SEGMENT_UNKNOWN_CRITICAL'
export class SegmentError extends WireError<SegmentErrorCode> {}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  return encodeCbor(
    mapOf(
      [F.version, header.version],
      [F.suite, header.suite],
      [F.author, idBytes(header.author)],
      [F.log, idBytes(header.log)],
      [F.incarnation, idBytes(header.incarnation)],
      [F.seq, header.seq],
      [F.prev, header.prev],
      [F.salt, header.salt],
      [F.keyCommitment, header.keyCommitment],
      [F.sealedBytes, header.sealedBytes],
      [F.sealedHash, header.sealedHash],
      [F.dropAfterDay, header.dropAfterDay],
    ),
  )
}

/**
 * @throws {SegmentError} `SEGMENT_UNKNOWN_CRITICAL` if the header needs an extension this version does not have.
 * @throws {WireError} for bytes that are not a header.
 */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader {
  limitBytes(bytes, MAX_SEGMENT_HEADER_BYTES, 'segment header')
  const map = decodeCborMap(bytes, 'segment header')
  requireVersion(map, F.version, SEGMENT_VERSION)
  requireVersion(map, F.suite, SEGMENT_SUITE)
  refuseCritical(map)
  const header: SegmentHeader = {
    version: SEGMENT_VERSION,
    suite: SEGMENT_SUITE,
    author: readDeviceId(map, F.author),
    log: readLogId(map, F.log),
    incarnation: readIncarnation(map, F.incarnation),
    seq: readUint(map, F.seq),
    prev: readOptional(readBytes, map, F.prev, HASH_BYTES),
    salt: readBytes(map, F.salt, SALT_BYTES),
    keyCommitment: readBytes(map, F.keyCommitment, KEY_COMMITMENT_BYTES),
    sealedBytes: readUint(map, F.sealedBytes, MAX_SEALED_BYTES, AEAD_TAG_BYTES + 1),
    sealedHash: readBytes(map, F.sealedHash, HASH_BYTES),
    dropAfterDay: readOptional(readUint, map, F.dropAfterDay, MAX_DROP_DAY),
  }
  if (header.seq === 0 && header.prev) throw fieldError('WIRE_FIELD_RANGE', F.prev.name, 'the first has none before it')
  return header
}

/** The segment's id: it names these very bytes. */
export function segmentId(headerBytes: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concat(ID_DOMAIN, headerBytes))
}

/** What the body's encryption authenticates: the header without the two fields that follow from the ciphertext. */
export function headerAad(headerBytes: Uint8Array): Uint8Array {
  const map = new Map(decodeCborMap(headerBytes, 'segment header'))
  map.delete(F.sealedBytes.key)
  map.delete(F.sealedHash.key)
  return concat(AAD_DOMAIN, encodeCbor(map))
}

function refuseCritical(map: CborMap): void {
  const [extension] = readCritical(map, F.critical)
  if (extension === undefined) return
  throw new SegmentError('SEGMENT_UNKNOWN_CRITICAL', 'needs an extension this version does not have', {
    details: { extension },
  })
}
