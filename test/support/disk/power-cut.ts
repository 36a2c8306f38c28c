/**
 * What a disk may hold after the power went at some moment of a recording.
 *
 * Certain is what was synced: of a file everything written before an fsync began that has ended, of a folder its names
 * likewise. Of what came later anything may be there:
 * - of a file's later writes any subset, each whole or torn at sectors of 512 bytes (a sector is old or new; what was
 *   never written of a file that grew is zeros: ext4 in ordered mode and its like show no others' old data);
 * - a write after a resize is not there without the resize: file systems journal these in order;
 * - of a folder's later changes of names any first part, for the same reason. A new file whose folder was never synced may
 *   have no name, though most file systems give it one with its own fsync: that is stricter than they are.
 */
import { dirname } from 'node:path'
import type { Seeded } from '../seeded.ts'
import {
  applyName,
  type DiskEvent,
  type FileChange,
  type FileId,
  type FolderImage,
  type NameChange,
} from './disk-events.ts'

const SECTOR_BYTES = 512
/** How much of what was not synced is there, as a share; the ends are the likeliest, and the middle the hardest. */
const SHARES = [0, 0.05, 0.5, 0.5, 0.95, 1, 1]
/** Of the writes that are there, those that are torn. */
const TORN_SHARE = 0.2

interface TimedChange {
  readonly change: FileChange
  readonly endedAt: number
}
interface TimedName {
  readonly change: NameChange
  readonly endedAt: number
}

/** Runs forward over a recording; asked in between what may be on the disk. */
export class PowerCut {
  readonly #events: readonly DiskEvent[]
  readonly #synced: Map<FileId, Uint8Array>
  readonly #loose = new Map<FileId, TimedChange[]>()
  readonly #names: Map<string, FileId>
  readonly #folders: Set<string>
  #looseNames: TimedName[] = []
  readonly #said: string[] = []
  #next = 0

  constructor(events: readonly DiskEvent[], before: FolderImage) {
    // A sync counts when it has ended, all else when it begins.
    this.#events = events.toSorted((a, b) => effectAt(a) - effectAt(b))
    const files = [...before.files]
    this.#synced = new Map(files.map(([, bytes], file) => [file, bytes]))
    this.#names = new Map(files.map(([path], file) => [path, file]))
    this.#folders = new Set(before.folders)
  }

  /** Moments at which the power may go: before any of them, and after the last. */
  get moments(): number {
    return this.#events.length + 1
  }

  /** Changes of files that no sync has made certain. */
  get looseChanges(): number {
    return [...this.#loose.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** What was said before a moment. Moments come in order. */
  advanceTo(moment: number): readonly string[] {
    for (; this.#next < moment; this.#next++) this.#apply(this.#events[this.#next] as DiskEvent)
    return this.#said
  }

  /** One of the folders that may be found. */
  image(random: Seeded): FolderImage {
    const share = random.pick(SHARES)
    const names = new Map(this.#names)
    const folders = new Set(this.#folders)
    const kept = Math.round(this.#looseNames.length * (share === 0.5 ? random.next() : share))
    for (const { change } of this.#looseNames.slice(0, kept)) applyName(names, folders, change)
    const files = [...names].map(([path, file]) => [path, this.#contentOf(file, share, random)] as const)
    return { files: new Map(files), folders }
  }

  #apply(event: DiskEvent): void {
    switch (event.kind) {
      case 'say':
        return void this.#said.push(event.line)
      case 'change': {
        const loose = this.#loose.get(event.file) ?? []
        this.#loose.set(event.file, loose)
        return void loose.push(event)
      }
      case 'name':
        return void this.#looseNames.push(event)
      case 'sync':
        return this.#sync(event.file, event.startedAt)
      case 'sync-folder':
        return this.#syncFolder(event.path, event.startedAt)
    }
  }

  #sync(file: FileId, startedAt: number): void {
    const loose = this.#loose.get(file) ?? []
    const isSynced = ({ endedAt }: TimedChange): boolean => endedAt < startedAt
    const changes = loose.filter(isSynced).map(({ change }) => change)
    if (changes.length > 0) this.#synced.set(file, applyChanges(this.#synced.get(file), changes))
    this.#loose.set(
      file,
      loose.filter((each) => !isSynced(each)),
    )
  }

  /** With it goes all that was done to names before: a journal keeps their order. */
  #syncFolder(path: string, startedAt: number): void {
    const last = this.#looseNames.findLastIndex(
      (each) => each.endedAt < startedAt && foldersOf(each.change).includes(path),
    )
    for (const { change } of this.#looseNames.slice(0, last + 1)) applyName(this.#names, this.#folders, change)
    this.#looseNames = this.#looseNames.slice(last + 1)
  }

  #contentOf(file: FileId, share: number, random: Seeded): Uint8Array {
    let bytes = this.#synced.get(file) ?? new Uint8Array()
    for (const { change } of this.#loose.get(file) ?? []) {
      const isThere = random.next() < share
      // What follows is about a file of another size.
      if (!isThere && change.kind === 'resize') break
      if (isThere) bytes = applyChanges(bytes, [change], random.next() < TORN_SHARE && share < 1 ? random : undefined)
    }
    return bytes
  }
}

function effectAt(event: DiskEvent): number {
  return event.kind === 'sync' || event.kind === 'sync-folder' ? event.endedAt : event.startedAt
}

function foldersOf(change: NameChange): readonly string[] {
  const paths = change.kind === 'rename' ? [change.from, change.to] : [change.path]
  return paths.map((path) => dirname(path)).map((folder) => (folder === '.' ? '' : folder))
}

/** @param torn decides, for each sector of a write, whether it is there; without it all are */
function applyChanges(before: Uint8Array | undefined, changes: readonly FileChange[], torn?: Seeded): Uint8Array {
  const sizes = changes.map((change) => (change.kind === 'resize' ? change.size : change.offset + change.bytes.length))
  const buffer = new Uint8Array(Math.max(before?.length ?? 0, ...sizes))
  if (before !== undefined) buffer.set(before)
  let size = before?.length ?? 0
  for (const change of changes) {
    if (change.kind === 'resize') {
      if (change.size < size) buffer.fill(0, change.size, size)
      size = change.size
    } else {
      write(buffer, change, torn)
      size = Math.max(size, change.offset + change.bytes.length)
    }
  }
  return buffer.slice(0, size)
}

function write(buffer: Uint8Array, { offset, bytes }: { offset: number; bytes: Uint8Array }, torn: Seeded | undefined) {
  if (torn === undefined) return buffer.set(bytes, offset)
  const end = offset + bytes.length
  for (let at = offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES)
    if (torn.next() < 0.5) buffer.set(bytes.subarray(at - offset, next - offset), at)
    at = next
  }
}
