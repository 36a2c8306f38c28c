/**
 * The traces of one segment, as they are stored beside it: what a list or a search has to know of a trace before any
 * segment is opened.
 *
 *   | version 1 | count | base u64 | names: count, (length, UTF-8)* | entries |
 *   entry = | trace id, 16 bytes | start - base | end - start, zigzag | spans | errors | name: 0 none, else number + 1 |
 *
 * Integers are varints (protobuf's) but for the base, which is the earliest start, lowest byte first. Entries are in the
 * order of their trace ids. Limits: as many entries as a segment has records. Another layout is another version.
 */
import { utf8 } from '../../base/bytes.ts'
import { idBytes, toTraceId, TRACE_ID_BYTES, type TraceId } from '../../model/ids.ts'
import { MAX_SEGMENT_RECORDS } from '../../model/segment.ts'
import type { TraceEntry } from './digest.ts'
import { badSummaries, SummaryReader, SummaryWriter } from './summary-bytes.ts'

export const TRACE_SUMMARIES_VERSION = 1
/** Varints of an entry. */
const FIELDS_BEHIND_ID = 5
const decoder = new TextDecoder()

/** @param entries of different traces */
export function encodeTraceSummaries(entries: readonly TraceEntry[]): Uint8Array {
  const sorted = entries.toSorted((a, b) => (a.traceId < b.traceId ? -1 : 1))
  const base = sorted.reduce((min, { startUnixNano }) => (startUnixNano < min ? startUnixNano : min), 2n ** 63n)
  const names = [...new Set(sorted.flatMap(({ rootName }) => (rootName === undefined ? [] : [rootName])))]
  const writer = new SummaryWriter()
  writer.bytes(Uint8Array.of(TRACE_SUMMARIES_VERSION))
  writer.varint(sorted.length)
  writer.u64(base)
  writer.varint(names.length)
  for (const name of names.map(utf8)) {
    writer.varint(name.length)
    writer.bytes(name)
  }
  const numbers = new Map<string | undefined, number>(names.map((name, i) => [name, i + 1]))
  for (const { traceId, startUnixNano, endUnixNano, spans, errors, rootName } of sorted) {
    writer.bytes(idBytes(traceId))
    writer.varint(startUnixNano - base)
    writer.varint(zigzag(endUnixNano - startUnixNano))
    writer.varint(spans)
    writer.varint(errors)
    writer.varint(numbers.get(rootName) ?? 0)
  }
  return writer.finish()
}

/** In the order of their trace ids. @throws {SummariesError} for bytes that are none */
export function decodeTraceSummaries(bytes: Uint8Array): readonly TraceEntry[] {
  const summaries = readHead(bytes)
  const { count, reader } = summaries
  const entries = Array.from({ length: count }, () => {
    const traceId = toTraceId(reader.bytes(TRACE_ID_BYTES))
    if (traceId === undefined) throw badSummaries('a trace id of zeros')
    return readEntry(summaries, traceId)
  })
  reader.end()
  return entries
}

/** That of one trace, the others passed over: far quicker than all of them. @throws {SummariesError} */
export function findTraceSummary(bytes: Uint8Array, traceId: TraceId): TraceEntry | undefined {
  const summaries = readHead(bytes)
  const { count, reader } = summaries
  const wanted = idBytes(traceId)
  for (let left = count; left > 0; left--) {
    const order = reader.compare(wanted)
    if (order === 0) return readEntry(summaries, traceId)
    if (order > 0) return undefined
    for (let fields = 0; fields < FIELDS_BEHIND_ID; fields++) reader.skipVarint()
  }
  return undefined
}

interface Summaries {
  /** Of the entries, once the head is read. */
  readonly reader: SummaryReader
  readonly count: number
  readonly base: bigint
  readonly names: readonly Uint8Array[]
}

function readHead(bytes: Uint8Array): Summaries {
  const reader = new SummaryReader(bytes)
  if (reader.bytes(1)[0] !== TRACE_SUMMARIES_VERSION) throw badSummaries('another version')
  const count = reader.count(MAX_SEGMENT_RECORDS)
  const base = reader.u64()
  const names = Array.from({ length: reader.count(count) }, () => reader.bytes(reader.count(bytes.length)))
  return { reader, count, base, names }
}

/** What stands behind its id. */
function readEntry({ reader, base, names }: Summaries, traceId: TraceId): TraceEntry {
  const startUnixNano = base + reader.varint()
  const endUnixNano = startUnixNano + unzigzag(reader.varint())
  const spans = reader.count(MAX_SEGMENT_RECORDS)
  const errors = reader.count(MAX_SEGMENT_RECORDS)
  const name = names[reader.count(names.length) - 1]
  return { traceId, startUnixNano, endUnixNano, spans, errors, rootName: name && decoder.decode(name) }
}

function zigzag(value: bigint): bigint {
  return value < 0n ? -value * 2n - 1n : value * 2n
}

function unzigzag(value: bigint): bigint {
  return (value & 1n) === 0n ? value / 2n : -(value + 1n) / 2n
}
