/**
 * The spool in a folder of its own, private to its owner: a folder for each run of the module, named after its stream and its
 * process, and in it a file for each batch. A file is whole or not there. Folders of processes that are gone are taken over;
 * should two ever deliver the same, the agent keeps it once.
 */
import { lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { STREAM } from '../../model/delivery.ts'
import { BATCH_KINDS, type BatchKind } from '../batch.ts'
import type { Spool, SpooledBatch, SpoolPlace } from './spool.ts'
import { EXTRA_BYTES, MAX_FILE_BYTES, recordsOf, type SpoolFiles } from './spool-file.ts'

/** A folder in which nothing was written for so long is nobody's, though a process has its number: numbers are given again. */
const STALE_MS = 3_600_000
const FOLDER = /^([A-Za-z0-9_-]{8,64})\.([1-9][0-9]{0,9})$/
const FILE = /^([0-9a-f]{14})-([a-z]{1,16})$/
const N_DIGITS = 14
const PRIVATE_FOLDER = 0o700
const PRIVATE_FILE = 0o600

/** Whose folders are whose. */
export interface Owner {
  readonly pid: number
  /** Streams that this process writes or took over: its number says nothing about them to itself. */
  readonly streams: Set<string>
  readonly isAlive: (pid: number) => boolean
}

const thisProcess: Owner = { pid: process.pid, streams: new Set(), isAlive }

export class FolderSpool implements Spool {
  readonly #path: string
  readonly #files: SpoolFiles
  readonly #clock: Pick<Clock, 'now'>
  readonly #owner: Owner
  /** Where each stream's files are. */
  readonly #folders = new Map<string, string>()

  /** @param path the module's folder; made when something is written */
  constructor(path: string, files: SpoolFiles, clock: Pick<Clock, 'now'>, owner = thisProcess) {
    this.#owner = owner
    this.#path = path
    this.#files = files
    this.#clock = clock
  }

  async takeOver(): Promise<readonly SpooledBatch[]> {
    const names = await readdir(this.#path).catch(() => [])
    const found = await Promise.all(names.map((name) => this.#takeFolder(name)))
    return found
      .filter((run) => run !== undefined)
      .sort((a, b) => a.madeMs - b.madeMs)
      .flatMap(({ batches }) => batches)
  }

  async write(batch: SpooledBatch, bytes: Uint8Array): Promise<void> {
    const folder = await this.#folderFor(batch.stream)
    const name = nameOf(batch)
    const unfinished = join(folder, `${name}.part`)
    await writeFile(unfinished, this.#files.seal(batch.stream, name, batch.records, bytes), { mode: PRIVATE_FILE })
    await rename(unfinished, join(folder, name))
  }

  async read(place: SpoolPlace): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(place)
    const file = path === undefined ? undefined : await readBounded(path).catch(() => undefined)
    return file && this.#files.open(place.stream, nameOf(place), file)
  }

  async remove(place: SpoolPlace): Promise<void> {
    const path = this.#pathOf(place)
    const folder = this.#folders.get(place.stream)
    if (path === undefined || folder === undefined) return
    await rm(path, { force: true }).catch(() => {})
    const isGone = await rmdir(folder).then(
      () => true,
      () => false, // other batches are in it
    )
    if (isGone) this.#folders.delete(place.stream)
  }

  async #folderFor(stream: string): Promise<string> {
    const known = this.#folders.get(stream)
    if (known !== undefined) return known
    const folder = join(this.#path, `${stream}.${this.#owner.pid}`)
    this.#owner.streams.add(stream)
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER })
    this.#folders.set(stream, folder)
    return folder
  }

  async #takeFolder(name: string): Promise<{ readonly madeMs: number; readonly batches: SpooledBatch[] } | undefined> {
    const [, stream = '', pid] = FOLDER.exec(name) ?? []
    const { streams, isAlive: isRunning } = this.#owner
    if (!STREAM.test(stream) || streams.has(stream)) return undefined
    const from = join(this.#path, name)
    const to = join(this.#path, `${stream}.${this.#owner.pid}`)
    try {
      const found = await lstat(from)
      if (!found.isDirectory()) return undefined
      const { birthtimeMs, mtimeMs } = found
      // One with our own number is of an earlier process.
      const isAnothers = Number(pid) !== this.#owner.pid && isRunning(Number(pid))
      if (isAnothers && this.#clock.now() - mtimeMs < STALE_MS) return undefined
      await rename(from, to) // of two that try, one does it
      streams.add(stream)
      this.#folders.set(stream, to)
      return { madeMs: birthtimeMs, batches: await batchesIn(to, stream) }
    } catch {
      return undefined
    }
  }

  #pathOf(place: SpoolPlace): string | undefined {
    const folder = this.#folders.get(place.stream)
    return folder && join(folder, nameOf(place))
  }
}

/** In order. What is not a batch's is left alone. */
async function batchesIn(folder: string, stream: string): Promise<SpooledBatch[]> {
  const batches: SpooledBatch[] = []
  for (const name of (await readdir(folder)).sort()) {
    const [, n = '', kind] = FILE.exec(name) ?? []
    if (!isKind(kind)) continue
    // One that cannot be read is no reason to leave the others.
    const head = await headOf(join(folder, name)).catch(() => undefined)
    if (head !== undefined) batches.push({ stream, n: Number.parseInt(n, 16), kind, ...head })
  }
  return batches
}

/** @throws what the disk says */
async function headOf(path: string): Promise<Pick<SpooledBatch, 'records' | 'size'> | undefined> {
  if (!(await lstat(path)).isFile()) return undefined // a link leads elsewhere, a pipe would be waited for
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(new Uint8Array(EXTRA_BYTES), 0, EXTRA_BYTES, 0)
    const records = recordsOf(buffer.subarray(0, bytesRead))
    return records === undefined ? undefined : { records, size: size - EXTRA_BYTES }
  } finally {
    await file.close()
  }
}

async function readBounded(path: string): Promise<Uint8Array | undefined> {
  const { size } = await stat(path)
  return size > MAX_FILE_BYTES ? undefined : readFile(path)
}

/** Sorted by name is sorted by number. */
function nameOf({ n, kind }: SpoolPlace): string {
  return `${n.toString(16).padStart(N_DIGITS, '0')}-${kind}`
}

function isKind(value: string | undefined): value is BatchKind {
  return BATCH_KINDS.includes(value as BatchKind)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
