/**
 * Reads a log file: one log record a line, with the line as it is for a body. The same file gives the same records every
 * time: no record says when or by whom it was imported.
 */
import type { LogRecordInput } from '../wire/otlp/encode.ts'
import { encodeLogsData } from '../wire/otlp/encode.ts'
import { rejected, type FileReader, type Found } from './found.ts'
import { LineSplitter, type Line } from './line-splitter.ts'
import { readLine } from './text-line.ts'

export interface TextFile {
  /** Without folders. */
  readonly name: string
  readonly service: string
  /** When it was last written: what stands for the time of lines before the first that has one. */
  readonly changedUnixNano: bigint
}

/** Longest line, in bytes: a stack trace on one line is a tenth of it. */
export const MAX_LINE_BYTES = 262_144
/** Records made one message: a batch. */
const RECORDS_PER_MESSAGE = 512
const SCOPE = { name: 'aico-mesh/import' }

const decoder = new TextDecoder('utf-8', { fatal: true })

export class TextFileReader implements FileReader {
  readonly #lines = new LineSplitter(MAX_LINE_BYTES)
  readonly #file: TextFile
  #records: LogRecordInput[] = []
  #firstLine = 0
  /** Time of the last line that has one. */
  #lastUnixNano: bigint
  #sinceLast = 0n

  constructor(file: TextFile) {
    this.#file = file
    this.#lastUnixNano = file.changedUnixNano
  }

  *push(bytes: Uint8Array): Generator<Found> {
    for (const line of this.#lines.push(bytes)) yield* this.#read(line)
  }

  *finish(): Generator<Found> {
    for (const line of this.#lines.finish()) yield* this.#read(line)
    yield* this.#flush()
  }

  *#read({ number, bytes }: Line): Generator<Found> {
    const place = { unit: 'line', at: number } as const
    if (bytes === undefined) return yield rejected(place, TOO_LONG)
    const text = decode(bytes)
    if (text === undefined) return yield rejected(place, NOT_UTF8)
    if (text.trim() === '') return
    if (this.#records.length === 0) this.#firstLine = number
    this.#records.push(this.#toRecord(text, number))
    if (this.#records.length === RECORDS_PER_MESSAGE) yield* this.#flush()
  }

  #toRecord(text: string, number: number): LogRecordInput {
    const { timeUnixNano, ...facts } = readLine(text)
    if (timeUnixNano === undefined) this.#sinceLast++
    else [this.#lastUnixNano, this.#sinceLast] = [timeUnixNano, 0n]
    return {
      ...facts,
      timeUnixNano: timeUnixNano ?? 0n,
      // A line without a time was written after those above it: a nanosecond each keeps the order of the file.
      ...(timeUnixNano === undefined && { observedUnixNano: this.#lastUnixNano + this.#sinceLast }),
      body: text,
      attributes: { 'log.file.record_number': BigInt(number) },
    }
  }

  *#flush(): Generator<Found> {
    if (this.#records.length === 0) return
    const { name, service } = this.#file
    const resource = { attributes: { 'service.name': service, 'log.file.name': name } }
    const bytes = encodeLogsData({ resource, scope: SCOPE, logRecords: this.#records })
    this.#records = []
    yield { kind: 'message', place: { unit: 'line', at: this.#firstLine }, signal: 'logs', bytes }
  }
}

const TOO_LONG = { code: 'IMPORT_LINE_TOO_LONG', message: `a line has at most ${MAX_LINE_BYTES} bytes` }
const NOT_UTF8 = { code: 'OTLP_BAD_TEXT', message: 'the line is not UTF-8' }

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}
