/** Opens stored segments for one answer: what each proves, and its payload as it was before compression. */
import { constants, zstdDecompressSync } from 'node:zlib'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId, StoredSegment } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import type { SegmentBody } from '../../wire/segment-body.ts'
import { EvidenceReader } from './evidence.ts'
import type { SegmentSealer } from './segment-sealer.ts'

export class ChunkOpener {
  readonly #store: Store
  readonly #sealer: SegmentSealer
  readonly #evidence: EvidenceReader

  constructor(crypto: Crypto, store: Store, sealer: SegmentSealer) {
    this.#store = store
    this.#sealer = sealer
    this.#evidence = new EvidenceReader(crypto, store.segments)
  }

  /** @returns undefined if there is no such segment any more */
  *open(id: SegmentRowId, log: StoredLog): Steps<StoredChunk | undefined> {
    const segment = this.#store.segments.get(id)
    if (segment === undefined) return undefined
    const payload = this.#payloadOf(log, segment)
    if (payload === undefined) this.#store.lostBodies.suspect(id)
    const provenance = payload === undefined ? 'tampered' : yield* this.#evidence.of(log, segment)
    return { deviceId: log.author, module: log.module, provenance, payload: payload ?? UNREADABLE }
  }

  /** @returns undefined if what is stored is not the body that the header names: one altered segment does not lose the others */
  #payloadOf(log: StoredLog, segment: StoredSegment): Uint8Array | undefined {
    const sealed = this.#store.packs.read(segment)
    const opened = sealed && this.#sealer.open(log, segment, sealed)
    if (opened?.ok !== true) return undefined
    try {
      return decompress(opened.body)
    } catch {
      return undefined // sealed by its author, and still no zstd: nothing can be read of it
    }
  }
}

/** The payload as it was before compression. The bound holds whatever the stored bytes claim. */
export function decompress({ codec, payload }: Pick<SegmentBody, 'codec' | 'payload'>): Uint8Array {
  if (codec === 0) return payload
  return new Uint8Array(zstdDecompressSync(payload, { maxOutputLength: MAX_SEGMENT_RAW_BYTES, params: ZSTD_PARAMS }))
}

/** No window larger than a segment: a hostile frame cannot ask for more memory. */
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: 21 }

/** What stands for a payload that cannot be read: no decoder takes it, so that the answer counts it as unreadable. */
const UNREADABLE = Uint8Array.of(0xff)
