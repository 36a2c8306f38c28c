/** Runs a program under strace and keeps what it did to the files of a folder, and what it said meanwhile. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { runSuccessfully } from '../run-program.ts'
import { diskEvents, TRACED, type DiskEvent, type FolderImage } from './disk-events.ts'
import { readCalls } from './strace-lines.ts'

export interface Recording {
  readonly before: FolderImage
  readonly events: readonly DiskEvent[]
}

/** Longest string kept of a call: more than SQLite or a pack file writes at once. */
const MAX_STRING_BYTES = 64 << 20

/**
 * @param folder an absolute path without links
 * @param command gets the path of a file as its last argument, where it says what is done: one `write` a line
 */
export async function recordDisk(folder: string, command: readonly string[]): Promise<Recording> {
  const work = mkdtempSync(join(tmpdir(), 'recording-'))
  const [trace, sayFile] = [join(work, 'trace'), join(work, 'said')]
  const before = readFolder(folder)
  try {
    writeFileSync(sayFile, '')
    const strace = ['strace', '-f', '--seccomp-bpf', '-xx', '-s', String(MAX_STRING_BYTES), '-o', trace]
    await runSuccessfully([...strace, '-e', `trace=${TRACED}`, ...command, sayFile])
    return { before, events: diskEvents(readCalls(readFileSync(trace, 'latin1')), { folder, before, sayFile }) }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

export function readFolder(folder: string): FolderImage {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const named = entries.map((entry) => ({ entry, path: relative(folder, join(entry.parentPath, entry.name)) }))
  return {
    files: new Map(
      named.filter(({ entry }) => entry.isFile()).map(({ path }) => [path, readFileSync(join(folder, path))]),
    ),
    folders: new Set(named.filter(({ entry }) => entry.isDirectory()).map(({ path }) => path)),
  }
}

export function writeFolder(folder: string, { files, folders }: FolderImage): void {
  for (const path of folders) mkdirSync(join(folder, path), { recursive: true })
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes, { mode: 0o600 })
  }
}
