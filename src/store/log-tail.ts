/**
 * Whether a write-ahead log was damaged before its end. SQLite takes the first frame that is not right for the end of the
 * log: after a crash it is. But a commit is flushed before the next begins, so at most one, the last, can be torn: where
 * two or more are found beyond what SQLite reads, a byte of an older one was altered, and all since then is lost.
 *
 * Looks at the frames' headers, which are plain; a damaged newest commit is not told from a torn one.
 * Layout: https://sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { PAGE_BYTES } from './open-encrypted.ts'

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** With the last bit, which says in which order the bytes of checksums are. */
const MAGIC = 0x377f0682
const SALT_OFFSET = 16
/** Of a frame's header, in it: pages of the database after the commit, 0 for a frame that is not the last of one. */
const COMMIT_OFFSET = 4
const FRAME_SALT_OFFSET = 8

/** Numbers of the frames that end a commit, from 1 up, of the log's newest use; to be read before SQLite opens it. */
export function readCommits(path: string): readonly number[] {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return [] // there is none, or SQLite will say what is wrong with it
  }
  try {
    return commitsIn(file)
  } finally {
    closeSync(file)
  }
}

/** @param validFrames how many SQLite reads */
export function isTailLost(commits: readonly number[], validFrames: number): boolean {
  return commits.filter((frame) => frame > validFrames).length > 1
}

function commitsIn(file: number): readonly number[] {
  const header = readAt(file, 0, HEADER_BYTES)
  const frames = Math.floor((fstatSync(file).size - HEADER_BYTES) / (FRAME_HEADER_BYTES + PAGE_BYTES))
  const commits: { readonly frame: number; readonly salt: string }[] = []
  const uses = new Map<string, number>()
  for (let frame = 1; frame <= frames; frame++) {
    const at = HEADER_BYTES + (frame - 1) * (FRAME_HEADER_BYTES + PAGE_BYTES)
    const view = readAt(file, at, FRAME_HEADER_BYTES)
    const salt = saltAt(view, FRAME_SALT_OFFSET)
    uses.set(salt, (uses.get(salt) ?? 0) + 1)
    if (view.getUint32(COMMIT_OFFSET) !== 0) commits.push({ frame, salt })
  }
  // A log is used again from its start: what an older use left behind it has another salt. A header that is not right is
  // a damaged one, for it fits a sector and is flushed before any frame; then most frames say what it was.
  const newest = isSound(header) ? saltAt(header, SALT_OFFSET) : mostUsed(uses)
  return commits.flatMap(({ frame, salt }) => (salt === newest ? [frame] : []))
}

/** The checksum of the header is right: two sums over its first 24 bytes. */
function isSound(header: DataView): boolean {
  const magic = header.getUint32(0)
  if ((magic & ~1) >>> 0 !== MAGIC) return false
  const isLittleEndian = magic === MAGIC
  let [first, second] = [0, 0]
  for (let at = 0; at < 24; at += 8) {
    first = (first + header.getUint32(at, isLittleEndian) + second) >>> 0
    second = (second + header.getUint32(at + 4, isLittleEndian) + first) >>> 0
  }
  return header.getUint32(24) === first && header.getUint32(28) === second
}

function saltAt(view: DataView, at: number): string {
  return `${view.getUint32(at)} ${view.getUint32(at + 4)}`
}

function mostUsed(uses: ReadonlyMap<string, number>): string | undefined {
  return [...uses].sort(([, a], [, b]) => b - a)[0]?.[0]
}

/** Zeros where the file ends. */
function readAt(file: number, at: number, length: number): DataView {
  const bytes = new Uint8Array(length)
  readSync(file, bytes, 0, length, at)
  return new DataView(bytes.buffer)
}
