/**
 * A block: what one series recorded in a stretch of time, in order of time, as columns. Samples and roll-ups of any kind
 * are entries of it (sample-entries.ts, rollup-entries.ts). docs/spec/metrics.md has the layout.
 *
 *   block: | version 8 bits = 1 | runs, unsigned | run* | exemplars, unsigned | exemplar* | zeros to the end of the byte |
 *   run:   | entries, unsigned | numbers, unsigned | spans, unsigned | span head* | times, starts, flags: integers |
 *          | column of numbers * (numbers + buckets of all spans) |
 *   span head: | scale, signed | offset, signed | length, unsigned |
 *   exemplar: | time, unsigned | double | trace id 128 bits | has a span id 1 bit | span id 64 bits, if so |
 *
 * Entries of a run have equally many numbers, and spans of the same scales; a span is widened to all entries of its run.
 * Versions: a reader refuses every other; a new layout has a new version and the reader of this one stays.
 */
import { idBytes, SPAN_ID_BYTES, toSpanId, toTraceId, TRACE_ID_BYTES } from '../../model/ids.ts'
import { MAX_SPAN_BUCKETS, trimSpan, type Span } from '../../model/metrics/distribution.ts'
import type { Exemplar } from '../../model/metrics/exemplar.ts'
import { BitReader } from './bit-reader.ts'
import { BitWriter } from './bit-writer.ts'
import { runsOf, type Entry, type Run, type SpanHead } from './entry-runs.ts'
import { MAX_INTEGER, readIntegers, writeIntegers } from './integer-column.ts'
import { malformedBlock, MetricBlockError } from './metric-block-error.ts'
import { readNumbers, writeNumbers } from './number-column.ts'

const BLOCK_VERSION = 1
/** Most entries of a block: four a second for an hour. */
export const MAX_BLOCK_ENTRIES = 16_384
/** Most numbers of an entry: three histograms of the most buckets that are kept. */
export const MAX_ENTRY_NUMBERS = 2_048
/** Most values of all columns together: 16 MB in memory, whatever few bytes claim to hold them. */
export const MAX_BLOCK_CELLS = 1 << 21
/** Most exemplars of a block: twice the most that thinning leaves. */
export const MAX_BLOCK_EXEMPLARS = 512
/** Most spans of an entry: two sides of three distributions. */
const MAX_ENTRY_SPANS = 6
const FIXED_COLUMNS = 3

export interface Block {
  readonly entries: readonly Entry[]
  readonly exemplars: readonly Exemplar[]
}

/** How many of these entries, from the first, a block can hold. */
export function entriesThatFit(entries: readonly Entry[]): number {
  const widest = Math.max(0, ...entries.slice(0, MAX_BLOCK_ENTRIES).map(cellsOf))
  return Math.min(entries.length, MAX_BLOCK_ENTRIES, Math.floor(MAX_BLOCK_CELLS / Math.max(1, widest)))
}

/** `entries` as {@link entriesThatFit} allows, exemplars at most {@link MAX_BLOCK_EXEMPLARS}. */
export function encodeBlock({ entries, exemplars }: Block): Uint8Array {
  const writer = new BitWriter()
  writer.bits(BLOCK_VERSION, 8)
  const runs = runsOf(entries)
  writer.unsigned(runs.length)
  for (const run of runs) writeRun(writer, run)
  writer.unsigned(exemplars.length)
  for (const exemplar of exemplars) writeExemplar(writer, exemplar)
  return writer.finish()
}

/** Entries that were alike, in columns. */
export interface ColumnRun {
  readonly length: number
  readonly times: Float64Array
  readonly starts: Float64Array
  readonly flags: Float64Array
  readonly numbers: readonly Float64Array[]
  readonly spans: readonly (SpanHead & { readonly columns: readonly Float64Array[] })[]
}
export interface ColumnBlock {
  readonly runs: readonly ColumnRun[]
  readonly exemplars: readonly Exemplar[]
}

/** @throws {MetricBlockError} for any bytes that {@link encodeBlock} does not make */
export function decodeBlock(bytes: Uint8Array): Block {
  const { runs, exemplars } = decodeColumns(bytes)
  return { entries: runs.flatMap(entriesOf), exemplars }
}

export function entriesOf({ length, times, starts, flags, numbers, spans }: ColumnRun): readonly Entry[] {
  return Array.from({ length }, (_, i): Entry => ({
    timeMs: times[i] as number,
    startMs: starts[i] as number,
    flags: flags[i] as number,
    numbers: numbers.map((column) => column[i] as number),
    spans: spans.map(({ scale, offset, columns }) => {
      return { scale, ...trimSpan({ offset, counts: columns.map((column) => column[i] as number) }) }
    }),
  }))
}

/** As {@link decodeBlock}, without making an object of each entry. @throws {MetricBlockError} */
export function decodeColumns(bytes: Uint8Array): ColumnBlock {
  const reader = new BitReader(bytes)
  const version = reader.bits(8)
  if (version !== BLOCK_VERSION) {
    throw new MetricBlockError('METRIC_BLOCK_VERSION', `unknown version ${version}`, { details: { version } })
  }
  const runs: ColumnRun[] = []
  let [cellsLeft, entriesLeft] = [MAX_BLOCK_CELLS, MAX_BLOCK_ENTRIES]
  for (let left = limited(reader.unsigned(), MAX_BLOCK_ENTRIES, 'runs'); left > 0; left--) {
    const run = readRun(reader, cellsLeft, entriesLeft)
    cellsLeft -= run.length * columnsOf(run)
    entriesLeft -= run.length
    runs.push(run)
  }
  const count = limited(reader.unsigned(), MAX_BLOCK_EXEMPLARS, 'exemplars')
  const exemplars = Array.from({ length: count }, () => readExemplar(reader))
  reader.end()
  return { runs, exemplars }
}

function writeRun(writer: BitWriter, { entries, heads }: Run): void {
  const numbers = (entries[0] as Entry).numbers.length
  writer.unsigned(entries.length)
  writer.unsigned(numbers)
  writer.unsigned(heads.length)
  for (const { scale, offset, length } of heads) {
    writer.signed(scale)
    writer.signed(offset)
    writer.unsigned(length)
  }
  writeIntegers(
    writer,
    entries.map(({ timeMs }) => timeMs),
  )
  writeIntegers(
    writer,
    entries.map(({ startMs }) => startMs),
  )
  writeIntegers(
    writer,
    entries.map(({ flags }) => flags),
  )
  for (let i = 0; i < numbers; i++)
    writeNumbers(
      writer,
      entries.map((entry) => entry.numbers[i] as number),
    )
  heads.forEach(({ offset, length }, s) => {
    for (let i = 0; i < length; i++)
      writeNumbers(
        writer,
        entries.map((entry) => countAt(entry.spans[s], offset + i)),
      )
  })
}

function countAt(span: Span | undefined, index: number): number {
  return span?.counts[index - span.offset] ?? 0
}

function readRun(reader: BitReader, cellsLeft: number, entriesLeft: number): ColumnRun {
  const length = limited(reader.unsigned(), entriesLeft, 'entries')
  const width = limited(reader.unsigned(), MAX_ENTRY_NUMBERS, 'numbers')
  const heads = Array.from({ length: limited(reader.unsigned(), MAX_ENTRY_SPANS, 'spans') }, () => readHead(reader))
  limited(length * heads.reduce((sum, head) => sum + head.length, FIXED_COLUMNS + width), cellsLeft, 'values')
  if (length === 0) throw malformedBlock('a run is empty')
  const [times, starts, flags] = [readWhole(reader, length), readWhole(reader, length), readWhole(reader, length)]
  const numbers = Array.from({ length: width }, () => readNumbers(reader, length))
  const spans = heads.map((head) => {
    return { ...head, columns: Array.from({ length: head.length }, () => readNumbers(reader, length)) }
  })
  return { length, times, starts, flags, numbers, spans }
}

function columnsOf({ numbers, spans }: ColumnRun): number {
  return spans.reduce((sum, { length }) => sum + length, FIXED_COLUMNS + numbers.length)
}

function readHead(reader: BitReader): SpanHead {
  const [scale, offset] = [reader.signed(), reader.signed()]
  return { scale, offset, length: limited(reader.unsigned(), MAX_SPAN_BUCKETS, 'buckets') }
}

/** Integers from 0. */
function readWhole(reader: BitReader, count: number): Float64Array {
  const values = readIntegers(reader, count)
  if (values.some((value) => value < 0)) throw malformedBlock('a time or flag is negative')
  return values
}

function writeExemplar(writer: BitWriter, { timeMs, value, traceId, spanId }: Exemplar): void {
  writer.unsigned(timeMs)
  writer.double(value)
  writer.bytes(idBytes(traceId))
  writer.bits(spanId === undefined ? 0 : 1, 1)
  if (spanId !== undefined) writer.bytes(idBytes(spanId))
}

function readExemplar(reader: BitReader): Exemplar {
  const [timeMs, value] = [limited(reader.unsigned(), MAX_INTEGER, 'milliseconds'), reader.double()]
  const traceId = toTraceId(reader.bytes(TRACE_ID_BYTES))
  const hasSpan = reader.bits(1) === 1
  const spanId = hasSpan ? toSpanId(reader.bytes(SPAN_ID_BYTES)) : undefined
  if (traceId === undefined || (hasSpan && spanId === undefined)) throw malformedBlock('an id is zero')
  return { timeMs, value, traceId, spanId }
}

function cellsOf({ numbers, spans }: Entry): number {
  // A run may widen each span to the most it may have.
  return FIXED_COLUMNS + numbers.length + spans.length * MAX_SPAN_BUCKETS
}

function limited(value: number, limit: number, of: string): number {
  if (value <= limit) return value
  throw new MetricBlockError('METRIC_BLOCK_TOO_LARGE', `more than ${limit} ${of}`, { details: { limit } })
}
