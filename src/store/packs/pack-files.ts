/**
 * Sealed segment bodies on disk: append-only files beside the database, which knows where in them each body lies.
 *
 *   | "aicopak" | version 1 | body | body | ...
 *
 * Bodies are ciphertext, so a file tells nothing but sizes. Bytes that no row names (of a transaction that failed, of
 * segments that were deleted) are never read. Appended bytes are durable on return, before the row that names them.
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from '../../platform/sync-folder.ts'

export type PackId = number
/** Where a body lies. */
export interface Place {
  readonly pack: PackId
  readonly at: number
  readonly bytes: number
}

/** "aicopak" and the version of the layout. A file that begins with anything else is not read. */
export const PACK_HEAD = Uint8Array.from([0x61, 0x69, 0x63, 0x6f, 0x70, 0x61, 0x6b, 1])
/** Files kept open to read from: a query seldom needs more, and file handles are few on small devices. */
const MAX_OPEN_READERS = 16
const NAME_DIGITS = 8
const PACK_NAME = /^\d{8,}\.pack$/

export class PackFiles {
  readonly #folder: string
  readonly #writers = new Map<PackId, number>()
  readonly #readers = new Map<PackId, number>()

  constructor(folder: string) {
    this.#folder = folder
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  }

  /** Puts bodies behind each other at the end of a file, which is made if it is not there. */
  append(pack: PackId, bodies: readonly Uint8Array[]): readonly Place[] {
    const file = this.#writers.get(pack) ?? this.#openWriter(pack)
    // Not what was written before: a write that failed half-way has left some of it.
    let at = fstatSync(file).size
    writeAll(file, bodies)
    fdatasyncSync(file)
    return bodies.map(({ length: bytes }) => {
      const place = { pack, at, bytes }
      at += bytes
      return place
    })
  }

  /** @returns undefined if the file does not have it: it was cut, or is gone */
  read({ pack, at, bytes }: Place): Uint8Array | undefined {
    const file = this.#readers.get(pack) ?? this.#openReader(pack)
    if (file === undefined) return undefined
    const body = new Uint8Array(bytes)
    for (let done = 0; done < bytes;) {
      const count = readSync(file, body, done, bytes - done, at + done)
      if (count === 0) return undefined
      done += count
    }
    return body
  }

  /** Bytes on disk; 0 for a file that is not there. */
  size(pack: PackId): number {
    const file = this.#readers.get(pack) ?? this.#openReader(pack)
    return file === undefined ? 0 : fstatSync(file).size
  }

  /** Of the files that are there. */
  ids(): readonly PackId[] {
    return readdirSync(this.#folder).flatMap((name) => (PACK_NAME.test(name) ? [Number.parseInt(name, 10)] : []))
  }

  remove(pack: PackId): void {
    for (const files of [this.#writers, this.#readers]) {
      const file = files.get(pack)
      if (file !== undefined) closeSync(file)
      files.delete(pack)
    }
    rmSync(this.#path(pack), { force: true })
  }

  close(): void {
    for (const file of [...this.#writers.values(), ...this.#readers.values()]) closeSync(file)
    this.#writers.clear()
    this.#readers.clear()
  }

  #openWriter(pack: PackId): number {
    const file = openSync(this.#path(pack), 'a', 0o600)
    if (fstatSync(file).size < PACK_HEAD.length) {
      writeAll(file, [PACK_HEAD])
      fsyncSync(file)
      syncFolder(this.#folder)
    }
    this.#writers.set(pack, file)
    return file
  }

  #openReader(pack: PackId): number | undefined {
    let file: number
    try {
      file = openSync(this.#path(pack), constants.O_RDONLY)
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw err
    }
    const [oldest] = this.#readers
    if (oldest && this.#readers.size >= MAX_OPEN_READERS) {
      closeSync(oldest[1])
      this.#readers.delete(oldest[0])
    }
    this.#readers.set(pack, file)
    return file
  }

  #path(pack: PackId): string {
    return join(this.#folder, `${String(pack).padStart(NAME_DIGITS, '0')}.pack`)
  }
}

/** In one call, and what that left over in others: a full disk takes a part, and says why at the next. */
function writeAll(file: number, parts: readonly Uint8Array[]): void {
  let written = writevSync(file, parts)
  for (const bytes of parts) {
    for (let done = Math.min(written, bytes.length); done < bytes.length;) done += writeSync(file, bytes, done)
    written = Math.max(0, written - bytes.length)
  }
}
