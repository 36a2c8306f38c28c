/** One file of an import, or standard input: its bytes, unpacked, and its format. */
import { createReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import type { FileFormat } from '../../transfer/file-format.ts'
import { tellFormat, TELL_FORMAT_BYTES } from '../../transfer/tell-format.ts'
import { CliError, usage } from '../cli-error.ts'
import { safeText } from '../render/safe-text.ts'
import { MAGIC_BYTES, unpack, type Compression } from './unpack.ts'

/** Stands for standard input. */
export const STDIN = '-'

export interface SourceFile {
  /** As it was named. */
  readonly path: string
  readonly name: string
  /** Undefined for standard input and other streams. */
  readonly bytes: number | undefined
  readonly changedUnixMs: number
}

export interface OpenFile {
  readonly compression: Compression
  /** Undefined if it cannot be told; an empty file has any. */
  readonly format: FileFormat | undefined
  /** Unpacked. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** @throws {CliError} `CLI_USAGE` for what is no file that can be read */
export function findFile(path: string): SourceFile {
  if (path === STDIN) return { path, name: 'stdin', bytes: undefined, changedUnixMs: Date.now() }
  try {
    const stats = statSync(path)
    if (stats.isDirectory()) throw usage(`${safeText(path)} is a folder`)
    const bytes = stats.isFile() ? stats.size : undefined
    return { path, name: basename(path), bytes, changedUnixMs: Math.floor(stats.mtimeMs) }
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw usage(`${safeText(path)} cannot be read`, cause)
  }
}

/** `onBytes` is told of bytes as they are read from the disk. `asked` is a format that was named, and is not questioned. */
export async function openFile(
  file: SourceFile,
  asked: FileFormat | undefined,
  onBytes: (count: number) => void,
): Promise<OpenFile> {
  const stream = file.path === STDIN ? process.stdin : createReadStream(file.path)
  const packed = await peek(counted(stream, onBytes), MAGIC_BYTES)
  const { compression, bytes } = unpack(packed.start, packed.bytes)
  const plain = await peek(bytes, TELL_FORMAT_BYTES)
  return {
    compression,
    format: asked ?? (plain.start.length === 0 ? 'text' : tellFormat(plain.start)),
    bytes: plain.bytes,
  }
}

/** Before anything is imported; what is no file is read only once. @throws {CliError} `IMPORT_FORMAT` */
export async function checkFormat(file: SourceFile): Promise<void> {
  if (file.bytes === undefined) return
  const { format, bytes } = await openFile(file, undefined, () => undefined)
  const input = bytes[Symbol.asyncIterator]()
  // What is wrong from the first byte on is told when the file is read.
  await input.next().catch(() => undefined)
  await input.return?.()
  requireFormat(file, format)
}

/** What a disk or a decompressor says of a file, in words of ours. */
export function unreadable({ path }: SourceFile, cause: unknown): CliError {
  const { code = '', message } = cause as NodeJS.ErrnoException
  const why = /unexpected end|Z_BUF_ERROR/.test(`${message} ${code}`)
    ? 'what is compressed in it breaks off'
    : /^Z_|^ZSTD_/.test(code)
      ? 'what is compressed in it is damaged'
      : code || 'it is broken'
  return new CliError('IMPORT_UNREADABLE', `${safeText(path)} cannot be read further: ${why}`, { cause })
}

/** @throws {CliError} `IMPORT_FORMAT` if it is none that is known */
export function requireFormat({ path }: SourceFile, format: FileFormat | undefined): FileFormat {
  if (format !== undefined) return format
  const words = 'its format cannot be told: say --format (a log file is --format text)'
  throw new CliError('IMPORT_FORMAT', `${safeText(path)}: ${words}`)
}

async function* counted(stream: Readable, onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    onBytes(chunk.length)
    yield chunk
  }
}

/** The first bytes, and all of them. What fails meanwhile fails behind what came before it. */
async function peek(source: AsyncIterable<Uint8Array>, count: number) {
  const input = source[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let failure: unknown
  try {
    for (let length = 0; length < count;) {
      const { value, done } = await input.next()
      if (done === true) break
      read.push(value)
      length += value.length
    }
  } catch (err) {
    failure = err
  }
  const start = Buffer.concat(read)
  return { start, bytes: joined(start, failure, input) }
}

async function* joined(
  start: Uint8Array,
  failure: unknown,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start
    if (failure !== undefined) throw failure
    for (;;) {
      const { value, done } = await rest.next()
      if (done === true) return
      yield value
    }
  } finally {
    await rest.return?.()
  }
}
