/** Reads files and hands what is in them to the agent, in bounded memory; counts what came in and names what did not. */
import type { ImportedView } from '../../agent/http-types/transfer.ts'
import { Batcher, findRejected, type Batch } from '../../transfer/batcher.ts'
import type { FileReader, Found, Place } from '../../transfer/found.ts'
import { JsonFileReader } from '../../transfer/read-json.ts'
import { ProtobufFileReader } from '../../transfer/read-protobuf.ts'
import { TextFileReader } from '../../transfer/read-text.ts'
import type { FileFormat } from '../../transfer/file-format.ts'
import { CliError } from '../cli-error.ts'
import { BatchSender, type BatchSenderDeps } from './batch-sender.ts'
import { openFile, requireFormat, unreadable, type OpenFile, type SourceFile } from './source-file.ts'

type Signal = Batch['signal']

export interface ImportOptions {
  readonly format: FileFormat | undefined
  /** Of protobuf messages that do not tell it. */
  readonly signal: Signal | undefined
  /** What the source of a log file is called; default its name. */
  readonly service: string | undefined
}

/** Something that was left out, and where. */
export interface ImportProblem extends Place {
  readonly file: string
  readonly records: number
  readonly code: string
  readonly message: string
}
export interface ImportSummary {
  readonly files: number
  /** Read from the disk, as it is there. */
  readonly bytes: number
  /** Committed, by signal; metrics by their points. */
  readonly records: Readonly<Record<Signal, number>>
  /** Not taken; a piece that could not be read counts as one. */
  readonly rejected: number
  /** The first of them. */
  readonly problems: readonly ImportProblem[]
}

export interface ImportDeps extends Pick<BatchSenderDeps, 'client' | 'clock' | 'onWait'> {
  /** Called often. */
  readonly onProgress: (summary: ImportSummary) => void
}

/** What was left out is named so often, and then only counted. */
export const MAX_NAMED_PROBLEMS = 10

/** What has come of an import so far. */
export class ImportTally {
  readonly #records: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0 }
  readonly #problems: ImportProblem[] = []
  #files = 0
  #bytes = 0
  #rejected = 0

  startFile(): void {
    this.#files++
  }

  addBytes(count: number): void {
    this.#bytes += count
  }

  addRecords(signal: Signal, count: number): void {
    this.#records[signal] += count
  }

  addRejected({ path }: SourceFile, { place, records, problem }: Extract<Found, { kind: 'rejected' }>): void {
    this.#rejected += records
    if (this.#problems.length === MAX_NAMED_PROBLEMS) return
    const { code, message } = problem
    this.#problems.push({ file: path, ...place, records, code, message })
  }

  summary(): ImportSummary {
    return {
      files: this.#files,
      bytes: this.#bytes,
      records: { ...this.#records },
      rejected: this.#rejected,
      problems: [...this.#problems],
    }
  }
}

/** @throws {CliError}, {AgentAnswerError}: what was committed before stays, and may be imported again */
export async function importFiles(
  deps: ImportDeps,
  files: readonly SourceFile[],
  options: ImportOptions,
  tally: ImportTally,
): Promise<void> {
  for (const file of files) {
    tally.startFile()
    await importFile(deps, file, options, tally)
  }
}

async function importFile(
  deps: ImportDeps,
  file: SourceFile,
  options: ImportOptions,
  tally: ImportTally,
): Promise<void> {
  const open = await openFile(file, options.format, (count) => tally.addBytes(count))
  const sender = new BatchSender({
    ...deps,
    onTaken: (batch, taken) => noteTaken(tally, file, batch, taken),
    onRefused: ({ parts }, { code, message }) => {
      for (const { place } of parts) {
        tally.addRejected(file, { kind: 'rejected', place, records: 1, problem: { code, message } })
      }
    },
  })
  const batcher = new Batcher()
  const take = async (found: Iterable<Found>): Promise<void> => {
    for (const each of found) {
      if (each.kind === 'rejected') tally.addRejected(file, each)
      else for (const full of batcher.add(each)) await put(full)
    }
    deps.onProgress(tally.summary())
  }
  const put = async (item: Batch | Extract<Found, { kind: 'rejected' }>): Promise<void> => {
    if ('parts' in item) await sender.send(item)
    else tally.addRejected(file, item)
  }
  const reader = readerFor(requireFormat(file, open.format), file, options)
  const broken = await readAll(readable(file, open), (bytes) => take(reader.push(bytes)))
  if (broken === undefined) await take(reader.finish())
  for (const rest of batcher.finish()) await put(rest)
  await sender.finish()
  deps.onProgress(tally.summary())
  if (broken !== undefined) throw broken
}

/** @returns why the rest of a file cannot be read, if it cannot: what came before it is taken all the same */
async function readAll(
  bytes: AsyncIterable<Uint8Array>,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<CliError | undefined> {
  try {
    for await (const some of bytes) await take(some)
  } catch (err) {
    if (err instanceof CliError && err.code === 'IMPORT_UNREADABLE') return err
    throw err
  }
  return undefined
}

function noteTaken(tally: ImportTally, file: SourceFile, batch: Batch, { accepted, rejected }: ImportedView): void {
  tally.addRecords(batch.signal, accepted)
  if (rejected !== null) for (const each of findRejected(batch)) tally.addRejected(file, each)
}

function readerFor(format: FileFormat, { name, changedUnixMs }: SourceFile, options: ImportOptions): FileReader {
  switch (format) {
    case 'otlp-json':
    case 'jaeger':
      return new JsonFileReader(format)
    case 'otlp-protobuf':
      return new ProtobufFileReader(options.signal)
    case 'text':
      return new TextFileReader({
        name,
        service: options.service ?? name,
        changedUnixNano: BigInt(changedUnixMs) * 1_000_000n,
      })
  }
}

/** What a disk or a decompressor says of a file, in words of ours. */
async function* readable(file: SourceFile, { bytes }: OpenFile): AsyncGenerator<Uint8Array> {
  const input = bytes[Symbol.asyncIterator]()
  for (;;) {
    const { value, done } = await input.next().catch((cause: unknown) => {
      throw unreadable(file, cause)
    })
    if (done === true) return
    yield value
  }
}
