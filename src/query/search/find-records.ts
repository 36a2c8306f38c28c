/** Where the records of a chunk lie that match, found in one quick pass: to read what they say takes far longer. */
import type { ChunkOrigin, RecordFilter } from './record-filter.ts'
import type { LogHead, SpanHead } from './record-head.ts'
import { readServiceName } from './service-name.ts'

export interface FoundRecord {
  readonly start: number
  readonly end: number
  /** Of its resource. */
  readonly service: string | null
}

/** @throws {OtlpError} for a payload that cannot be read */
export function findRecords<Head extends SpanHead | LogHead>(
  filter: RecordFilter<Head>,
  payload: Uint8Array,
  origin: ChunkOrigin,
): readonly FoundRecord[] {
  const found: FoundRecord[] = []
  let service: string | null = null
  filter.walk(
    payload,
    origin,
    ({ record: { start, end } }) => found.push({ start, end, service }),
    (reader) => {
      service = readServiceName(reader)
    },
  )
  return found
}
