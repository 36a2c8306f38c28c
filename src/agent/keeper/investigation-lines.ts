/** What somebody who follows an investigation is told as it comes: every entry, a line of JSON each, like those of its history. */
import type { TraceId } from '../../model/ids.ts'
import { describeEntry } from '../../query/investigation/describe-investigation.ts'
import type { LiveLines } from '../../query/search/live-lines.ts'
import type { MeshKnowledge } from '../../query/trace-source.ts'
import { decodeDocumentRecords, KIND_INVESTIGATION } from '../../wire/documents/document-record.ts'
import { readUpdate } from './read-update.ts'

/** `knowledge` is asked for each chunk: names may change while somebody follows. */
export function investigationLines(traceId: TraceId, knowledge: () => MeshKnowledge): LiveLines {
  return function* ({ deviceId, provenance, payload }, tell) {
    const known = knowledge()
    for (const record of decodeDocumentRecords(payload)) {
      if (record.subject !== traceId || record.kind !== KIND_INVESTIGATION) continue
      const read = readUpdate(record)
      const entries = typeof read === 'string' ? [] : read.entries
      for (const entry of entries) {
        tell(JSON.stringify(describeEntry({ ...entry, deviceId, evidence: provenance }, known)))
      }
      yield
    }
  }
}
