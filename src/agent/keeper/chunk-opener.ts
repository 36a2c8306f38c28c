/** Opens stored segments for one answer: what each proves, and its payload as it was before compression. */
import { constants, zstdDecompressSync } from 'node:zlib'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId, SegmentTable, StoredSegment } from '../../store/segment-table.ts'
import { EvidenceReader } from './evidence.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export class ChunkOpener {
  readonly #segments: SegmentTable
  readonly #evidence: EvidenceReader

  constructor(crypto: Crypto, segments: SegmentTable, sealer: SegmentSealer) {
    this.#segments = segments
    this.#evidence = new EvidenceReader(crypto, segments, sealer)
  }

  /** @returns undefined if there is no such segment any more */
  *open(id: SegmentRowId, log: StoredLog): Steps<StoredChunk | undefined> {
    const segment = this.#segments.get(id)
    if (segment === undefined) return undefined
    const provenance = yield* this.#evidence.of(log, segment)
    return { deviceId: log.author, module: log.module, provenance, payload: readable(segment) }
  }
}

/** The payload as it was before compression. The bound holds whatever the stored bytes claim. */
export function decompress({ codec, payload }: Pick<StoredSegment, 'codec' | 'payload'>): Uint8Array {
  if (codec === 0) return payload
  return new Uint8Array(zstdDecompressSync(payload, { maxOutputLength: MAX_SEGMENT_RAW_BYTES, params: ZSTD_PARAMS }))
}

/** No window larger than a segment: a hostile frame cannot ask for more memory. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 21 }

/** What stands for a payload that does not decompress: no decoder takes it, so that the answer counts it as unreadable. */
const UNREADABLE = Uint8Array.of(0xff)

/** One altered segment does not lose the others of an answer. */
function readable(segment: StoredSegment): Uint8Array {
  try {
    return decompress(segment)
  } catch {
    return UNREADABLE // whatever zlib says of it, the evidence says that it was altered
  }
}
