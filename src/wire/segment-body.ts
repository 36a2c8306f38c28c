/**
 * Segment body before sealing; docs/spec/segments.md.
 *
 *   | meta length u16 BE | meta (CBOR) | payload length u32 BE | payload | zero padding up to Padme(size) |
 *   meta = { 1 codec (0 none, 1 zstd), 2 rawBytes, 3 records }
 *
 * A body has one encoding: the padding is exactly Padme's and all zero. Nothing is decompressed here.
 */
import { AEAD_TAG_BYTES } from '../base/crypto.ts'
import { MAX_SEALED_BYTES, MAX_SEGMENT_RAW_BYTES, MAX_SEGMENT_RECORDS } from '../model/segment.ts'
import { decodeCborMap, fields, mapOf, readUint } from './cbor-fields.ts'
import { encodeCbor } from './cbor.ts'
import { limitBytes, WireError } from './wire-error.ts'

/** How a payload is compressed: not at all, or Zstandard (RFC 8878). */
export const CODEC_NONE = 0
export const CODEC_ZSTD = 1
export type BodyCodec = typeof CODEC_NONE | typeof CODEC_ZSTD

export interface BodyMeta {
  readonly codec: BodyCodec
  /** Bytes of the payload once decompressed: the decompressor's limit. */
  readonly rawBytes: number
  readonly records: number
}
export interface SegmentBody extends BodyMeta {
  readonly payload: Uint8Array
}

/** Largest body, padding included, in bytes. */
export const MAX_BODY_BYTES = MAX_SEALED_BYTES - AEAD_TAG_BYTES
const META_LENGTH_BYTES = 2
const PAYLOAD_LENGTH_BYTES = 4
/** Largest meta, in bytes: ours is under 16; the rest is room for later fields. */
const MAX_META_BYTES = 256
const F = fields({ codec: 1, rawBytes: 2, records: 3 })

export type BodyErrorCode = 'BODY_TRUNCATED' | 'BODY_PADDING' | 'BODY_RAW_BYTES'
export class BodyError extends WireError<BodyErrorCode> {}

/** @throws {WireError} if the padded body would be over {@link MAX_BODY_BYTES} or its numbers contradict each other. */
export function encodeBody(meta: BodyMeta, payload: Uint8Array): Uint8Array {
  limitBytes(payload, MAX_BODY_BYTES, 'payload')
  const { codec, rawBytes, records } = meta
  const metaBytes = encodeCbor(mapOf([F.codec, codec], [F.rawBytes, rawBytes], [F.records, records]))
  readMeta(metaBytes, payload.length) // what a reader would refuse is never written
  const metaEnd = META_LENGTH_BYTES + metaBytes.length
  const payloadStart = metaEnd + PAYLOAD_LENGTH_BYTES
  const bytes = new Uint8Array(padme(payloadStart + payload.length))
  limitBytes(bytes, MAX_BODY_BYTES, 'segment body')
  const view = new DataView(bytes.buffer)
  view.setUint16(0, metaBytes.length)
  bytes.set(metaBytes, META_LENGTH_BYTES)
  view.setUint32(metaEnd, payload.length)
  bytes.set(payload, payloadStart)
  return bytes
}

/** The payload is a view on `bytes`. @throws {WireError} for bytes that are not exactly one padded body. */
export function decodeBody(bytes: Uint8Array): SegmentBody {
  limitBytes(bytes, MAX_BODY_BYTES, 'segment body')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const metaEnd = META_LENGTH_BYTES + (bytes.length < META_LENGTH_BYTES ? 0 : view.getUint16(0))
  const payloadStart = metaEnd + PAYLOAD_LENGTH_BYTES
  if (bytes.length < payloadStart) throw truncated(bytes.length)
  const payloadBytes = view.getUint32(metaEnd)
  const end = payloadStart + payloadBytes
  if (bytes.length < end) throw truncated(bytes.length)
  if (bytes.length !== padme(end) || bytes.subarray(end).some((byte) => byte !== 0)) {
    throw new BodyError('BODY_PADDING', 'padding is not the zeros it must be', { details: { length: bytes.length } })
  }
  const meta = readMeta(bytes.subarray(META_LENGTH_BYTES, metaEnd), payloadBytes)
  return { ...meta, payload: bytes.subarray(payloadStart, end) }
}

/**
 * Padme (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019, 4):
 * the padded size has a mantissa no longer than its exponent, so it tells O(log log n) bits and adds under 12 %.
 */
export function padme(size: number): number {
  if (size < 2) return size
  const exponent = 31 - Math.clz32(size)
  const mantissaBits = 32 - Math.clz32(exponent)
  const mask = 2 ** (exponent - mantissaBits) - 1
  return (size + mask) & ~mask
}

function readMeta(bytes: Uint8Array, payloadBytes: number): BodyMeta {
  limitBytes(bytes, MAX_META_BYTES, 'body meta')
  const map = decodeCborMap(bytes, 'body meta')
  const codec = readUint(map, F.codec, CODEC_ZSTD) as BodyCodec
  const rawBytes = readUint(map, F.rawBytes, MAX_SEGMENT_RAW_BYTES)
  const records = readUint(map, F.records, MAX_SEGMENT_RECORDS)
  if (codec === CODEC_NONE && rawBytes !== payloadBytes) {
    throw new BodyError('BODY_RAW_BYTES', 'an uncompressed payload is as long as it says', {
      details: { rawBytes, payloadBytes },
    })
  }
  return { codec, rawBytes, records }
}

function truncated(length: number): BodyError {
  return new BodyError('BODY_TRUNCATED', 'ends before its payload does', { details: { length } })
}
