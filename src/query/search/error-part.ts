/** What one chunk adds to the groups of errors: of each group in it a count, its times and an example. */
import type { Steps } from '../../base/steps.ts'
import { toSpanId, toTraceId } from '../../model/ids.ts'
import { decodeLogRecord } from '../../wire/otlp/decode-logs.ts'
import { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts'
import { bodyText } from '../log-line.ts'
import { LOG_ERROR, MAX_MESSAGE_CHARS, readErrorFacts, SPAN_ERROR, type ErrorFacts } from './error-facts.ts'
import { errorKey, type ErrorKey } from './error-fingerprint.ts'
import { findRecords, type FoundRecord } from './find-records.ts'
import { ownText, textBetween } from './own-text.ts'
import type { ChunkOrigin, RecordFilter } from './record-filter.ts'
import { LogHead, SpanHead, type Range } from './record-head.ts'
import type { ServiceWords } from './service-name.ts'

export interface ErrorRow {
  /** Of its type, message and places, within its module. */
  readonly key: string
  readonly service: string | null
  readonly type: string
  /** As the last one said it. */
  readonly message: string
  readonly frames: readonly string[]
  readonly count: number
  readonly firstUnixNano: bigint
  readonly lastUnixNano: bigint
  /** Of the first and the last one that name a release. */
  readonly firstRelease: string | null
  readonly lastRelease: string | null
  /** Of the last one that is in a trace. */
  readonly traceId: string | null
  readonly spanId: string | null
}
export interface ErrorPart {
  readonly rows: readonly ErrorRow[]
  readonly bytes: number
}

/** Errors read between two steps: one may take some 50 microseconds. */
const ERRORS_PER_STEP = 64
/** What a row weighs beside its texts. */
const ROW_BYTES = 400

/** One error, read. */
export interface ReadError extends ErrorFacts, ServiceWords, Pick<ErrorRow, 'key' | 'frames' | 'traceId' | 'spanId'> {
  readonly unixNano: bigint
}
/** Reads the errors of one chunk, one after the other. @throws {OtlpError} for a payload that cannot be read */
export type EachError = (payload: Uint8Array, chunk: ChunkOrigin, visit: (error: ReadError) => void) => Steps<void>

export function eachSpanError(filter: RecordFilter<SpanHead>): EachError {
  const head = new SpanHead()
  return (payload, chunk, visit) => {
    const read: ReadWords = (reader, start, end) => {
      head.read(reader)
      reader.seek(start, end)
      const facts = readErrorFacts(reader, SPAN_ERROR)
      // Many set the status alone, as conventions for HTTP have it: then what failed says most.
      const said = head.statusMessage.length > 0 ? head.statusMessage : head.name
      const message = facts.message || textBetween(payload, said.start, said.end, MAX_MESSAGE_CHARS)
      return { ...facts, message, unixNano: head.start.toBigInt(), ...idsOf(payload, head) }
    }
    return eachError(payload, findRecords(filter, payload, chunk), read, visit)
  }
}

export function eachLogError(filter: RecordFilter<LogHead>): EachError {
  const head = new LogHead()
  return (payload, chunk, visit) => {
    const read: ReadWords = (reader, start, end) => {
      head.read(reader)
      reader.seek(start, end)
      const facts = readErrorFacts(reader, LOG_ERROR)
      const body = (): string => bodyText(decodeLogRecord(payload.subarray(start, end)))
      const message = facts.message || ownText(body(), MAX_MESSAGE_CHARS)
      return { ...facts, message, unixNano: head.time.toBigInt(), ...idsOf(payload, head) }
    }
    return eachError(payload, findRecords(filter, payload, chunk), read, visit)
  }
}

type ReadWords = (
  reader: ProtobufReader,
  start: number,
  end: number,
) => Omit<ReadError, 'key' | 'frames' | keyof ServiceWords>

/** In steps: what an error says takes a hundred times longer to read than that it is one. */
function* eachError(
  payload: Uint8Array,
  found: readonly FoundRecord[],
  read: ReadWords,
  visit: (error: ReadError) => void,
): Steps<void> {
  const reader = new ProtobufReader(payload)
  const keys = new Keys()
  for (const [i, { start, end, service, release }] of found.entries()) {
    if (i % ERRORS_PER_STEP === 0) yield
    reader.seek(start, end)
    const words = read(reader, start, end)
    visit({ ...words, service, release, ...keys.of(words) })
  }
}

/** Of each group in the chunk a row. @throws {OtlpError} for a payload that cannot be read */
export function* errorPart(each: EachError, payload: Uint8Array, chunk: ChunkOrigin): Steps<ErrorPart> {
  const rows = new Map<string, ErrorRow>()
  yield* each(payload, chunk, (error) => {
    const row = toRow(error)
    const known = rows.get(row.key)
    rows.set(row.key, known === undefined ? row : mergeErrors(known, row))
  })
  const all = [...rows.values()]
  const bytes = all.reduce((sum, { key, message }) => sum + ROW_BYTES + 4 * key.length + 2 * message.length, 0)
  return { rows: all, bytes }
}

/** The stack is left behind: most of them nobody asks for. */
function toRow(error: ReadError): ErrorRow {
  const { unixNano, stack: _, release, ...words } = error
  const releases = { firstRelease: release, lastRelease: release }
  return { ...words, ...releases, count: 1, firstUnixNano: unixNano, lastUnixNano: unixNano }
}

/** Most errors of a chunk say the same, word for word: what that comes to is found out once. */
class Keys {
  readonly #known = new Map<string, ErrorKey>()

  of(facts: ErrorFacts): ErrorKey {
    const words = `${facts.type}\n${facts.message}\n${facts.stack}`
    const known = this.#known.get(words)
    if (known !== undefined) return known
    const key = errorKey(facts)
    this.#known.set(words, key)
    return key
  }
}

/** Of two rows of one group, both: the example is the later one's, if that is in a trace. */
export function mergeErrors(a: ErrorRow, b: ErrorRow): ErrorRow {
  const [earlier, later] = a.lastUnixNano <= b.lastUnixNano ? [a, b] : [b, a]
  const [first, second] = a.firstUnixNano <= b.firstUnixNano ? [a, b] : [b, a]
  const { traceId, spanId } = later.traceId === null ? earlier : later
  return {
    ...later,
    count: a.count + b.count,
    firstUnixNano: first.firstUnixNano,
    firstRelease: first.firstRelease ?? second.firstRelease,
    lastRelease: later.lastRelease ?? earlier.lastRelease,
    traceId,
    spanId,
  }
}

function idsOf(payload: Uint8Array, { traceId, spanId }: { readonly traceId: Range; readonly spanId: Range }) {
  const trace = toTraceId(payload.subarray(traceId.start, traceId.end)) ?? null
  const span = toSpanId(payload.subarray(spanId.start, spanId.end)) ?? null
  return { traceId: trace, spanId: trace === null ? null : span }
}
