/** Reads OTLP JSON (lines, or one document of any size) and Jaeger JSON: each element of a list of records is one message. */
import { MeshError } from '../base/errors.ts'
import type { Signal } from '../model/lane.ts'
import { jaegerTraceToOtlp } from '../wire/jaeger/from-jaeger.ts'
import { otlpValueToProtobuf } from '../wire/otlp/from-json.ts'
import { assertJsonShape, parseExactJson } from '../wire/otlp/json-text.ts'
import { OtlpError } from '../wire/otlp/otlp-error.ts'
import type { RejectedRecords } from '../wire/otlp/rows.ts'
import { rejected, rejectedBy, type FileReader, type Found, type Place } from './found.ts'
import { JsonDocuments, type JsonPart, type RecordList } from './json-documents.ts'

export type JsonDialect = 'otlp-json' | 'jaeger'

const SIGNAL_OF: Readonly<Record<Exclude<RecordList, 'data'>, Signal>> = {
  resourceSpans: 'traces',
  resourceLogs: 'logs',
  resourceMetrics: 'metrics',
}
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class JsonFileReader implements FileReader {
  readonly #documents = new JsonDocuments()
  readonly #dialect: JsonDialect

  constructor(dialect: JsonDialect) {
    this.#dialect = dialect
  }

  *push(bytes: Uint8Array): Generator<Found> {
    for (const part of this.#documents.push(bytes)) yield* this.#read(part)
  }

  *finish(): Generator<Found> {
    for (const part of this.#documents.finish()) yield* this.#read(part)
  }

  *#read(part: JsonPart): Generator<Found> {
    const place: Place = { unit: 'line', at: part.line }
    if (part.kind === 'problem') return yield rejected(place, part.problem)
    const { list } = part
    if ((list === 'data') !== (this.#dialect === 'jaeger')) return yield rejected(place, otherDialect(this.#dialect))
    try {
      const value = parse(part.bytes)
      if (list === 'data') yield* found(place, 'traces', jaegerTraceToOtlp(value))
      else yield* found(place, SIGNAL_OF[list], otlpValueToProtobuf(SIGNAL_OF[list], { [list]: [value] }))
    } catch (err) {
      if (!(err instanceof MeshError)) throw err
      yield rejected(place, err)
    }
  }
}

function* found(
  place: Place,
  signal: Signal,
  { bytes, rejected: left }: { readonly bytes: Uint8Array; readonly rejected: RejectedRecords | undefined },
): Generator<Found> {
  if (left !== undefined) yield* rejectedBy(place, left)
  if (bytes.length > 0) yield { kind: 'message', place, signal, bytes }
}

/** @throws {OtlpError} */
function parse(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  assertJsonShape(text)
  return parseExactJson(text)
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new OtlpError('OTLP_BAD_TEXT', 'it is not UTF-8')
  }
}

function otherDialect(dialect: JsonDialect) {
  const message = dialect === 'jaeger' ? 'this is OTLP, not Jaeger' : 'this is Jaeger, not OTLP'
  return { code: 'IMPORT_OTHER_FORMAT', message }
}
