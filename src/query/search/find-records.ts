/** Where the records of a chunk lie that match, found in one quick pass: to read what they say takes far longer. */
import type { ChunkOrigin, RecordFilter } from './record-filter.ts'
import type { LogHead, SpanHead } from './record-head.ts'
import { readServiceWords, type ServiceWords } from './service-name.ts'

/** With what its resource says of it. */
export interface FoundRecord extends ServiceWords {
  readonly start: number
  readonly end: number
}

/** @throws {OtlpError} for a payload that cannot be read */
export function findRecords<Head extends SpanHead | LogHead>(
  filter: RecordFilter<Head>,
  payload: Uint8Array,
  origin: ChunkOrigin,
): readonly FoundRecord[] {
  const found: FoundRecord[] = []
  let words: ServiceWords = { service: null, release: null }
  filter.walk(
    payload,
    origin,
    ({ record: { start, end } }) => found.push({ start, end, ...words }),
    (reader) => {
      words = readServiceWords(reader)
    },
  )
  return found
}
