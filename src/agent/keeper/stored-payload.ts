/** The payload of a stored segment: from its pack, opened with its key, as it was before compression. */
import { constants, zstdDecompressSync } from 'node:zlib'
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { SegmentBody } from '../../wire/segment-body.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export interface PayloadDeps {
  readonly store: Pick<Store, 'packs' | 'lostBodies'>
  readonly sealer: SegmentSealer
}

/** No window larger than a segment: a hostile frame cannot ask for more memory. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 21 }

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
  if (payload === undefined) lostBodies.suspect(segment.id)
  return payload
}

/** The bound holds whatever the stored bytes claim. @throws for bytes that are no zstd frame */
export function decompress({ codec, payload }: Pick<SegmentBody, 'codec' | 'payload'>): Uint8Array {
  if (codec === 0) return payload
  return new Uint8Array(zstdDecompressSync(payload, { maxOutputLength: MAX_SEGMENT_RAW_BYTES, params: ZSTD_PARAMS }))
}

/** Sealed by its author, and perhaps still no zstd: then nothing can be read of it. */
function unpacked(body: SegmentBody): Uint8Array | undefined {
  try {
    return decompress(body)
  } catch {
    return undefined
  }
}
