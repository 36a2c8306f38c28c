/**
 * Where an export goes: a file, or standard output. A file has its name only once it is whole: until then it is
 * `NAME.part`, and what breaks off leaves neither. Only its owner can read it.
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
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

/** @throws {CliError} `EXPORT_UNWRITABLE`, and what reading the source throws */
export async function writeTarget(source: AsyncIterable<Uint8Array>, { path, compress }: Target): Promise<void> {
  const plain = Readable.from(source, { objectMode: false })
  if (path === undefined) return toStdout(plain, compress)
  const part = `${path}.part`
  try {
    await run(plain, compress, createWriteStream(part, { mode: 0o600 }), true)
    await rename(part, path)
  } catch (err) {
    await rm(part, { force: true })
    throw err instanceof MeshError ? err : unwritable(path, err)
  }
}

/** A reader that has enough, such as `head`, is no failure. */
async function toStdout(plain: Readable, compress: boolean): Promise<void> {
  try {
    await run(plain, compress, process.stdout, false)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EPIPE') throw err
  }
}

function run(plain: Readable, compress: boolean, to: WriteStream | NodeJS.WriteStream, end: boolean): Promise<void> {
  return compress ? pipeline(plain, createZstdCompress(), to, { end }) : pipeline(plain, to, { end })
}

function unwritable(path: string, cause: unknown): CliError {
  const { code = 'failed' } = cause as NodeJS.ErrnoException
  return new CliError('EXPORT_UNWRITABLE', `${safeText(path)} cannot be written: ${code}`, { cause })
}
