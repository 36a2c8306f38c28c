/**
 * What a process did to the files of one folder, in order: system calls become writes to files that keep their identity
 * when they are renamed or replaced. A call this does not know how to replay is an error, never left out.
 */
import { stringsOf, wordsOf, type TracedCall } from './strace-lines.ts'

/** A file is known by when it came to be, for its name may go to another. */
export type FileId = number

interface Timed {
  readonly startedAt: number
  readonly endedAt: number
}
export type FileChange =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'resize'; readonly size: number }
export type NameChange =
  | { readonly kind: 'link'; readonly path: string; readonly file: FileId }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'folder'; readonly path: string }
export type DiskEvent = Timed &
  (
    | { readonly kind: 'change'; readonly file: FileId; readonly change: FileChange }
    | { readonly kind: 'name'; readonly change: NameChange }
    | { readonly kind: 'sync'; readonly file: FileId }
    | { readonly kind: 'sync-folder'; readonly path: string }
    | { readonly kind: 'say'; readonly line: string }
  )

/** System calls that may change files, for strace's filter. */
export const TRACED = [
  'open,openat,creat,close,dup,dup2,dup3,lseek',
  'write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,copy_file_range',
  'rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink',
  'fsync,fdatasync,sync_file_range,mmap',
].join(',')
/** Made new at every start from the files themselves. */
const NOT_DURABLE = /-shm$/

interface OpenFile {
  readonly path: string
  readonly file: FileId
  readonly isAppend: boolean
  offset: number
}

/** What a folder holds, by path below it. */
export interface FolderImage {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly folders: ReadonlySet<string>
}
export interface RecordedFolder {
  readonly folder: string
  /** What was there before. Its files have the ids 0, 1, 2 and so on, in order. */
  readonly before: FolderImage
  /** Where the process says what it has done, one line a write. */
  readonly sayFile: string
}

export function diskEvents(calls: readonly TracedCall[], recorded: RecordedFolder): readonly DiskEvent[] {
  return new Replay(recorded).run(calls)
}

/** Changes which names there are, as the system does. */
export function applyName(names: Map<string, FileId>, folders: Set<string>, change: NameChange): void {
  switch (change.kind) {
    case 'folder':
      return void folders.add(change.path)
    case 'link':
      return void names.set(change.path, change.file)
    case 'unlink':
      return void names.delete(change.path)
    case 'rename': {
      const file = names.get(change.from)
      if (file === undefined) throw new Error(`${change.from} is renamed and not a file`)
      names.delete(change.from)
      names.set(change.to, file)
    }
  }
}

class Replay {
  readonly #folder: string
  readonly #sayFile: string
  readonly #names: Map<string, FileId>
  readonly #sizes: Map<FileId, number>
  readonly #folders: Set<string>
  readonly #open = new Map<number, OpenFile | { readonly folder: string } | 'say'>()
  readonly #events: DiskEvent[] = []
  #nextFile: FileId

  constructor({ folder, before, sayFile }: RecordedFolder) {
    this.#folder = folder
    this.#sayFile = sayFile
    const files = [...before.files]
    this.#names = new Map(files.map(([path], file) => [path, file]))
    this.#sizes = new Map(files.map(([, { length }], file) => [file, length]))
    this.#folders = new Set(['', ...before.folders])
    this.#nextFile = files.length
  }

  run(calls: readonly TracedCall[]): readonly DiskEvent[] {
    for (const call of calls) if (call.result >= 0) this.#take(call)
    return this.#events
  }

  #take(call: TracedCall): void {
    switch (call.name) {
      case 'open':
      case 'openat':
      case 'creat':
        return this.#opened(call)
      case 'close':
        return void this.#open.delete(fdOf(call))
      case 'lseek': {
        const open = this.#open.get(fdOf(call))
        if (typeof open === 'object' && 'file' in open) open.offset = call.result
        return undefined
      }
      case 'fsync':
      case 'fdatasync':
        return this.#synced(call)
      case 'mkdir':
      case 'mkdirat':
      case 'rename':
      case 'renameat':
      case 'renameat2':
      case 'unlink':
      case 'unlinkat':
      case 'rmdir':
      case 'link':
      case 'linkat':
      case 'symlink':
      case 'truncate':
        return this.#named(call)
      case 'mmap':
        if (call.args.includes('MAP_SHARED') && call.args.includes('PROT_WRITE')) this.#mapped(call)
        return undefined
      default:
        return this.#changed(call)
    }
  }

  #opened(call: TracedCall): void {
    const path = textOf(stringsOf(call)[0])
    if (path === this.#sayFile) return void this.#open.set(call.result, 'say')
    const name = this.#nameOf(path)
    if (name === undefined || NOT_DURABLE.test(name)) return void this.#open.delete(call.result)
    if (this.#folders.has(name)) return void this.#open.set(call.result, { folder: name })
    const isNew = !this.#names.has(name)
    const file = this.#names.get(name) ?? this.#nextFile++
    if (isNew) this.#rename(call, { kind: 'link', path: name, file })
    if (!isNew && (call.args.includes('O_TRUNC') || call.name === 'creat')) {
      this.#change(call, file, { kind: 'resize', size: 0 })
    }
    this.#open.set(call.result, { path: name, file, isAppend: call.args.includes('O_APPEND'), offset: 0 })
  }

  #synced(call: TracedCall): void {
    const open = this.#open.get(fdOf(call))
    if (open === undefined || open === 'say') return
    const { startedAt, endedAt } = call
    if ('folder' in open) this.#events.push({ kind: 'sync-folder', path: open.folder, startedAt, endedAt })
    else this.#events.push({ kind: 'sync', file: open.file, startedAt, endedAt })
  }

  #named(call: TracedCall): void {
    const [from, to] = stringsOf(call).map((bytes) => this.#nameOf(textOf(bytes)))
    if (from === undefined || NOT_DURABLE.test(from)) return
    if (call.name.startsWith('mkdir')) return this.#rename(call, { kind: 'folder', path: from })
    if (call.name.startsWith('unlink')) return this.#rename(call, { kind: 'unlink', path: from })
    if (!call.name.startsWith('rename')) throw cannotReplay(call, from)
    if (to === undefined) throw new Error(`a file left the folder: ${from}`)
    this.#rename(call, { kind: 'rename', from, to })
  }

  #changed(call: TracedCall): void {
    const open = this.#open.get(fdOf(call))
    if (open === 'say') return this.#said(call)
    if (open === undefined || 'folder' in open) return
    if (call.name === 'ftruncate') return this.#change(call, open.file, { kind: 'resize', size: wordAt(call, 1) })
    if (!/^p?writev?(?:64)?$/.test(call.name)) throw cannotReplay(call, open.path)
    const bytes = Buffer.concat(stringsOf(call)).subarray(0, call.result)
    const isPlaced = call.name.startsWith('p')
    const end = this.#sizes.get(open.file) ?? 0
    const offset = isPlaced ? Number(wordsOf(call).at(-1)) : open.isAppend ? end : open.offset
    if (!isPlaced) open.offset = offset + bytes.length
    this.#change(call, open.file, { kind: 'write', offset, bytes })
  }

  /** A file that is written through memory tells nobody when. */
  #mapped(call: TracedCall): void {
    const open = this.#open.get(wordAt(call, 4))
    if (open !== undefined) throw cannotReplay(call, 'a mapped file')
  }

  #said(call: TracedCall): void {
    const { startedAt, endedAt } = call
    for (const line of textOf(stringsOf(call)[0]).trimEnd().split('\n')) {
      this.#events.push({ kind: 'say', line, startedAt, endedAt })
    }
  }

  #change({ startedAt, endedAt }: TracedCall, file: FileId, change: FileChange): void {
    const size = this.#sizes.get(file) ?? 0
    const end = change.kind === 'resize' ? change.size : Math.max(size, change.offset + change.bytes.length)
    this.#sizes.set(file, end)
    this.#events.push({ kind: 'change', file, change, startedAt, endedAt })
  }

  #rename({ startedAt, endedAt }: TracedCall, change: NameChange): void {
    applyName(this.#names, this.#folders, change)
    this.#events.push({ kind: 'name', change, startedAt, endedAt })
  }

  /** Below the folder; undefined for what lies elsewhere. */
  #nameOf(path: string): string | undefined {
    if (path === this.#folder) return ''
    return path.startsWith(`${this.#folder}/`) ? path.slice(this.#folder.length + 1) : undefined
  }
}

function fdOf(call: TracedCall): number {
  return wordAt(call, 0)
}

function wordAt(call: TracedCall, at: number): number {
  return Number(wordsOf(call)[at])
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}

function cannotReplay({ name }: TracedCall, path: string): Error {
  return new Error(`${name} on ${path} cannot be replayed`)
}
