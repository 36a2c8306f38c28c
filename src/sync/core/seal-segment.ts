/**
 * Sealing: a body and its place in a log become a final header and a sealed body, and back; docs/spec/segments.md.
 *
 * Deterministic: the same plan, key and body give the same bytes, so the ciphertext may be dropped and made again.
 * The nonce is twelve zeros because a segment's key seals one body only: never seal two bodies under one plan.
 */
import { equalBytes } from '../../base/bytes.ts'
import { AEAD_TAG_BYTES, type Crypto } from '../../base/crypto.ts'
import type { SegmentHeader } from '../../model/segment.ts'
import { decodeBody, encodeBody, type SegmentBody } from '../../wire/segment-body.ts'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  headerAad,
  segmentId,
  SEGMENT_SUITE,
  SEGMENT_VERSION,
} from '../../wire/segment-header.ts'
import { WireError } from '../../wire/wire-error.ts'
import { keyCommitment, segmentKey } from './key-tree.ts'

type SealCrypto = Pick<Crypto, 'sha256' | 'hkdfSha256' | 'aeadSeal'>
type OpenCrypto = Pick<Crypto, 'sha256' | 'hkdfSha256' | 'aeadOpen' | 'timingSafeEqual'>

/** A header before its body is sealed. `salt` is 16 fresh random bytes. */
export type SegmentPlan = Pick<
  SegmentHeader,
  'author' | 'log' | 'incarnation' | 'seq' | 'prev' | 'salt' | 'dropAfterDay'
>

export interface SealedSegment {
  readonly header: SegmentHeader
  readonly headerBytes: Uint8Array
  readonly id: Uint8Array
  readonly sealed: Uint8Array
}

/** Why a stored header and payload do not give the sealed bytes the header names. */
export type ResealFailure = 'wrong-key' | 'mismatch' | 'malformed'
export type ResealResult =
  { readonly ok: true; readonly sealed: Uint8Array } | { readonly ok: false; readonly reason: ResealFailure }

/** Why a body did not open: another key's, not the bytes the header names, altered by whoever sealed it, or no body. */
export type OpenFailure = 'wrong-key' | 'hash-mismatch' | 'tampered' | 'malformed'
export type OpenResult =
  | { readonly ok: true; readonly header: SegmentHeader; readonly body: SegmentBody }
  | { readonly ok: false; readonly reason: OpenFailure }

const ONE_TIME_NONCE = new Uint8Array(12)
const NO_HASH_YET = new Uint8Array(32)

/** @throws {WireError} for a body or plan outside the limits of docs/spec/segments.md. */
export function sealSegment(
  crypto: SealCrypto,
  partKey: Uint8Array,
  plan: SegmentPlan,
  body: SegmentBody,
): SealedSegment {
  const plaintext = encodeBody(body, body.payload)
  const draft: SegmentHeader = {
    ...plan,
    version: SEGMENT_VERSION,
    suite: SEGMENT_SUITE,
    keyCommitment: keyCommitment(crypto, partKey),
    sealedBytes: plaintext.length + AEAD_TAG_BYTES,
    sealedHash: NO_HASH_YET,
  }
  // The authenticated bytes leave length and hash out, so the draft gives the same as the final header.
  const aad = headerAad(encodeSegmentHeader(draft))
  const sealed = crypto.aeadSeal(segmentKey(crypto, partKey, plan), ONE_TIME_NONCE, aad, plaintext)
  const headerBytes = encodeSegmentHeader({ ...draft, sealedHash: crypto.sha256(sealed) })
  // Decoding checks the plan, so nothing is cut here that a peer would refuse.
  return { header: decodeSegmentHeader(headerBytes), headerBytes, id: segmentId(headerBytes, crypto.sha256), sealed }
}

/** Makes the sealed bytes again from the stored header and body, and proves that they are the ones the header names. */
export function resealSegment(
  crypto: SealCrypto,
  partKey: Uint8Array,
  headerBytes: Uint8Array,
  body: SegmentBody,
): ResealResult {
  const prepared = wireValue(() => ({
    header: decodeSegmentHeader(headerBytes),
    plaintext: encodeBody(body, body.payload),
  }))
  if (prepared === undefined) return { ok: false, reason: 'malformed' }
  const { header, plaintext } = prepared
  if (!equalBytes(header.keyCommitment, keyCommitment(crypto, partKey))) return { ok: false, reason: 'wrong-key' }
  const key = segmentKey(crypto, partKey, header)
  const sealed = crypto.aeadSeal(key, ONE_TIME_NONCE, headerAad(headerBytes), plaintext)
  const same = equalBytes(header.sealedHash, crypto.sha256(sealed))
  return same ? { ok: true, sealed } : { ok: false, reason: 'mismatch' }
}

/** Opens a sealed body, from anyone. Never throws for what the bytes are. */
export function openSegment(
  crypto: OpenCrypto,
  partKey: Uint8Array,
  headerBytes: Uint8Array,
  sealed: Uint8Array,
): OpenResult {
  const header = wireValue(() => decodeSegmentHeader(headerBytes))
  if (header === undefined) return { ok: false, reason: 'malformed' }
  if (!crypto.timingSafeEqual(header.keyCommitment, keyCommitment(crypto, partKey))) {
    return { ok: false, reason: 'wrong-key' }
  }
  if (sealed.length !== header.sealedBytes || !equalBytes(header.sealedHash, crypto.sha256(sealed))) {
    return { ok: false, reason: 'hash-mismatch' }
  }
  const key = segmentKey(crypto, partKey, header)
  const plaintext = crypto.aeadOpen(key, ONE_TIME_NONCE, headerAad(headerBytes), sealed)
  if (plaintext === undefined) return { ok: false, reason: 'tampered' }
  const body = wireValue(() => decodeBody(plaintext))
  return body === undefined ? { ok: false, reason: 'malformed' } : { ok: true, header, body }
}

/** The decoded value, or `undefined` for bytes the decoder refuses. */
function wireValue<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (err) {
    if (err instanceof WireError) return undefined
    throw err
  }
}
