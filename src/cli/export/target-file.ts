/**
 * Where an export goes: a file, or standard output. A file has its name only once it is whole: until then it is
 * `NAME.part`, and what breaks off leaves neither. Only its owner can read it. A link stands for the file it leads to; a
 * device or a pipe is written to, and stays what it is.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { lstat, realpath, rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress } from 'node:zlib'
import { MeshError } from '../../base/errors.ts'
import { CliError } from '../cli-error.ts'
import { safeText } from '../render/safe-text.ts'

export interface Target {
  /** Undefined: standard output. */
  readonly path: string | undefined
  readonly compress: boolean
}

/**
 * @returns whether all of it went there: a reader of standard output that has enough, such as `head`, is no failure
 * @throws {CliError} `EXPORT_UNWRITABLE`, and what reading the source throws
 */
export async function writeTarget(source: AsyncIterable<Uint8Array>, { path, compress }: Target): Promise<boolean> {
  const plain = Readable.from(source, { objectMode: false })
  if (path === undefined) return toStdout(plain, compress)
  try {
    const { file, isStream } = await findTarget(path)
    if (isStream) await run(plain, compress, createWriteStream(file), true)
    else await writeWhole(plain, compress, file)
    return true
  } catch (err) {
    throw err instanceof MeshError ? err : unwritable(path, err)
  }
}

/** The file that a path or a link names, whether it is there yet or not. */
async function findTarget(path: string): Promise<{ readonly file: string; readonly isStream: boolean }> {
  const there = await lstat(path).catch(() => undefined)
  if (there?.isSymbolicLink() !== true) return { file: path, isStream: there?.isFile() === false }
  const file = await realpath(path)
  return { file, isStream: !(await lstat(file)).isFile() }
}

async function writeWhole(plain: Readable, compress: boolean, file: string): Promise<void> {
  const part = `${file}.part`
  try {
    await run(plain, compress, createWriteStream(part, { mode: 0o600 }), true)
    await rename(part, file)
  } catch (err) {
    await rm(part, { force: true })
    throw err
  }
}

async function toStdout(plain: Readable, compress: boolean): Promise<boolean> {
  try {
    await run(plain, compress, process.stdout, false)
    return true
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EPIPE') throw err
    return false
  }
}

function run(plain: Readable, compress: boolean, to: WriteStream | NodeJS.WriteStream, end: boolean): Promise<void> {
  return compress ? pipeline(plain, createZstdCompress(), to, { end }) : pipeline(plain, to, { end })
}

function unwritable(path: string, cause: unknown): CliError {
  const { code = 'failed' } = cause as NodeJS.ErrnoException
  return new CliError('EXPORT_UNWRITABLE', `${safeText(path)} cannot be written: ${code}`, { cause })
}
