/** Opens stored segments for one answer: what each proves, and its payload as it was before compression. */
import { freeBytes } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { Steps } from '../../base/steps.ts'
import type { StoredChunk } from '../../query/trace-source.ts'
import type { StoredLog } from '../../store/log-table.ts'
import type { SegmentRowId } from '../../store/segment-table.ts'
import type { Store } from '../../store/store.ts'
import { EvidenceReader } from './evidence.ts'
import type { SegmentSealer } from './segment-sealer.ts'
import { readPayload, UNREADABLE, type PayloadDeps } from './stored-payload.ts'

export class ChunkOpener {
  readonly #store: Store
  readonly #payloads: PayloadDeps
  readonly #evidence: EvidenceReader

  constructor(crypto: Crypto, store: Store, sealer: SegmentSealer) {
    this.#store = store
    this.#payloads = { store, sealer }
    this.#evidence = new EvidenceReader(crypto, store.segments)
  }

  /** @param read its payload, if it was read already. @returns undefined if there is no such segment any more */
  *open(id: SegmentRowId, log: StoredLog, read?: Uint8Array): Steps<StoredChunk | undefined> {
    const segment = this.#store.segments.get(id)
    if (segment === undefined) return undefined
    const payload = read ?? readPayload(this.#payloads, log, segment) ?? UNREADABLE
    const provenance = payload === UNREADABLE ? 'tampered' : yield* this.#evidence.of(log, segment)
    const free = (): void => freeBytes(payload)
    return { deviceId: log.author, module: log.module, provenance, payload, free }
  }
}
