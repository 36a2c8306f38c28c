/** The payload of a stored segment: from its pack, opened with its key, as it was before compression. */
import { constants, zstdDecompressSync } from 'node:zlib'
import { freeBytes } from '../../base/bytes.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { CODEC_NONE, type SegmentBody } from '../../wire/segment-body.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export interface PayloadDeps {
  readonly store: Pick<Store, 'packs' | 'lostBodies'>
  readonly sealer: SegmentSealer
}

/** No window larger than a segment: a hostile frame cannot ask for more memory. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 21 }

/** Of what claims to be short and is not, pieces of this many bytes. */
const MIN_CHUNK_BYTES = 16 * 1024

/** What stands for a payload that cannot be read: no decoder takes it, so that the answer counts it as unreadable. */
export const UNREADABLE = Uint8Array.of(0xff)

/**
 * @returns undefined if what is stored is not the body that the header names: it is looked into whether the body is lost,
 *   and one altered segment does not lose the others
 */
export function readPayload(deps: PayloadDeps, log: StoredLog, segment: StoredSegment): Uint8Array | undefined {
  const { packs, lostBodies } = deps.store
  const sealed = packs.read(segment)
  const opened = sealed && deps.sealer.open(log, segment, sealed)
  const payload = opened?.ok === true ? unpacked(opened.body) : undefined
  if (sealed !== undefined) freeBytes(sealed)
  if (opened?.ok === true && opened.body.codec !== CODEC_NONE) freeBytes(opened.body.payload)
  if (payload === undefined) lostBodies.suspect(segment.id)
  return payload
}

/** The bound holds whatever the stored bytes claim. @throws for bytes that are no zstd frame */
export function decompress({ codec, rawBytes, payload }: Omit<SegmentBody, 'records'>): Uint8Array {
  if (codec === CODEC_NONE) return payload
  // In one piece if it is as long as it says: put together from pieces it takes half as long again.
  const chunkSize = Math.max(rawBytes + 1, MIN_CHUNK_BYTES)
  const options = { maxOutputLength: MAX_SEGMENT_RAW_BYTES, chunkSize, params: ZSTD_PARAMS }
  const { buffer, byteOffset, byteLength } = zstdDecompressSync(payload, options)
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Sealed by its author, and perhaps still no zstd: then nothing can be read of it. */
function unpacked(body: SegmentBody): Uint8Array | undefined {
  try {
    return decompress(body)
  } catch {
    return undefined
  }
}
