/** Records that were acknowledged and are not cut yet, as a chunk among those that are. */
import type { Steps } from '../../base/steps.ts'
import type { ChunkRef, StoredChunk } from '../../query/trace-source.ts'
import type { OpenRecords } from '../../store/segment-writer.ts'

/** Not chained yet: nothing but this device's word, and its encrypted file, stands behind it. */
export function openChunk({ log, payload, digest }: OpenRecords): ChunkRef {
  const chunk: StoredChunk = { deviceId: log.author, module: log.module, provenance: 'unverified', payload }
  return {
    deviceId: log.author,
    records: digest.records,
    rawBytes: payload.length,
    earliestUnixNano: digest.minUnixNano,
    latestUnixNano: digest.maxUnixNano,
    // oxlint-disable-next-line eslint/require-yield -- it is in memory already
    *open(): Steps<StoredChunk> {
      return chunk
    },
  }
}
