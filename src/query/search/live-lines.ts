/** What somebody who watches a lane is told of records as they come: those that match, a line of JSON each. */
import type { Steps } from '../../base/steps.ts'
import { decodeLogRecord } from '../../wire/otlp/decode-logs.ts'
import { decodeSpan } from '../../wire/otlp/decode-traces.ts'
import { logLine } from '../log-line.ts'
import { otlpLines } from '../otlp-lines.ts'
import { spanLine } from '../span-line.ts'
import type { MeshKnowledge, StoredChunk } from '../trace-source.ts'
import { findRecords, type FoundRecord } from './find-records.ts'
import { namesDevice } from './prepared-search.ts'
import { logFilter, spanFilter, type IsDevice } from './record-filter.ts'
import type { RecordQuery } from './search-query.ts'

/** Calls `tell` with a line for each record of the chunk that matches. @throws {OtlpError} for a payload that cannot be read */
export type LiveLines = (chunk: StoredChunk, tell: (line: string) => void) => Steps<void>

/** Lines made between two steps: one takes some 20 microseconds. */
const LINES_PER_STEP = 64

/** `knowledge` is asked for each chunk: names may change while somebody watches. */
export function liveLines(query: RecordQuery, knowledge: () => MeshKnowledge): LiveLines {
  return query.lane === 'traces' ? spanLines(query, knowledge) : logLines(query, knowledge)
}

function logLines(query: RecordQuery, knowledge: () => MeshKnowledge): LiveLines {
  const filter = logFilter(query, isDeviceBy(knowledge))
  return (chunk, tell) => {
    const known = knowledge()
    const found = findRecords(filter, chunk.payload, chunk)
    const otlp = query.withOtlp === true ? otlpLines(chunk, found, known) : []
    return inSteps(found, ({ start, end }, i) => {
      tell(JSON.stringify(logLine(decodeLogRecord(chunk.payload.subarray(start, end)), chunk, known, otlp[i])))
    })
  }
}

function spanLines(query: RecordQuery, knowledge: () => MeshKnowledge): LiveLines {
  const filter = spanFilter(query, isDeviceBy(knowledge))
  return (chunk, tell) => {
    const known = knowledge()
    return inSteps(findRecords(filter, chunk.payload, chunk), ({ start, end, service }) => {
      tell(JSON.stringify(spanLine(decodeSpan(chunk.payload.subarray(start, end)), service, chunk, known)))
    })
  }
}

function isDeviceBy(knowledge: () => MeshKnowledge): IsDevice {
  return (deviceId, text) => namesDevice(knowledge())(deviceId, text)
}

function* inSteps(found: readonly FoundRecord[], work: (record: FoundRecord, i: number) => void): Steps<void> {
  for (const [i, record] of found.entries()) {
    if (i % LINES_PER_STEP === LINES_PER_STEP - 1) yield
    work(record, i)
  }
}
