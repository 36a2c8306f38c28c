/**
 * A block of postings: keys in ascending order, and for each the segments it occurs in. docs/spec/index.md, IX10 to IX13.
 *
 *   block = | version 1 | keys u32, lowest byte first | entry ... |
 *   entry = | varint key - key before (the first: key) | varint head | list |
 *   head  = 2 * (segment - base) of the only segment; no list follows
 *         | 2 * bytes of the list + 1
 *   list  = run ...; run = | varint 2 * gap + (more than one ? 1 : 0) | varint segments - 2, if more than one |
 *   gap   = first segment of the run - (last of the run before + 2); of the first run: - base
 *
 * `base` is not in the block: it is the first segment of the part that the block belongs to. Keys are below 2^48, segments
 * not above the part's last. Another layout has another version, and a store that meets an unknown one makes its index again.
 */
import { malformed, MAX_KEY, PostingBytes, PostingWriter } from './posting-bytes.ts'
import { addRun, type Runs } from './runs.ts'

const VERSION = 1
const HEADER_BYTES = 5

export class BlockWriter {
  readonly #base: number
  readonly #block = new PostingWriter()
  readonly #list = new PostingWriter()
  #keys = 0
  #lastKey = 0

  /** @param base at or below every segment that is added */
  constructor(base: number) {
    this.#base = base
    this.#begin()
  }

  get length(): number {
    return this.#block.length
  }

  get keys(): number {
    return this.#keys
  }

  /** @param key above the one before @param runs not empty */
  add(key: number, runs: Runs): void {
    const first = runs[0] as number
    if (runs.length === 2 && first === runs[1]) {
      this.addOne(key, first)
      return
    }
    this.#addKey(key)
    this.#list.reset()
    writeRuns(this.#list, runs, this.#base)
    this.#block.varint(2 * this.#list.length + 1)
    this.#block.append(this.#list)
  }

  /** A key of one segment. */
  addOne(key: number, segment: number): void {
    this.#addKey(key)
    this.#block.varint(2 * (segment - this.#base))
  }

  /** The block; what is added next begins another. */
  finish(): Uint8Array {
    this.#block.patch(1, this.#keys)
    const bytes = this.#block.finish()
    this.#begin()
    return bytes
  }

  #addKey(key: number): void {
    this.#block.varint(key - this.#lastKey)
    this.#lastKey = key
    this.#keys++
  }

  #begin(): void {
    this.#block.reset()
    this.#block.byte(VERSION)
    for (let i = 1; i < HEADER_BYTES; i++) this.#block.byte(0)
    this.#keys = 0
    this.#lastKey = 0
  }
}

/** Reads the keys of a block in order. Lists are skipped unless asked for. */
export class BlockReader {
  /** The current one, after the first {@link next}. */
  key = 0
  /** The only segment of the current key; -1 if it has a list. */
  only = -1
  readonly #base: number
  readonly #last: number
  readonly #input: PostingBytes
  #keysLeft: number
  #isFirst = true
  #listEnd: number

  /** @param last no segment is above it @throws {PostingError} for another version and a block without a header */
  constructor(bytes: Uint8Array, base: number, last: number) {
    this.#base = base
    this.#last = last
    this.#input = new PostingBytes(bytes)
    this.#input.version(VERSION)
    if (bytes.length < HEADER_BYTES) throw malformed('a block ends within its header', bytes.length)
    this.#keysLeft = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)
    this.#listEnd = HEADER_BYTES
  }

  /** To the next key; false at the end. @throws {PostingError} */
  next(): boolean {
    const input = this.#input
    input.at = this.#listEnd
    if (this.#keysLeft === 0) {
      input.end()
      return false
    }
    this.#keysLeft--
    const step = input.varint()
    this.key += step
    if ((step === 0 && !this.#isFirst) || this.key >= MAX_KEY) throw malformed('keys do not ascend', input.at)
    this.#isFirst = false
    const head = input.varint()
    const isList = (head & 1) === 1
    this.only = isList ? -1 : this.#base + head / 2
    this.#listEnd = input.at + (isList ? (head - 1) / 2 : 0)
    if (this.only > this.#last) throw malformed('a segment is out of range', input.at)
    if (this.#listEnd > input.bytes.length) throw malformed('a list ends after its block', input.at)
    return true
  }

  /** To a key, if it is there. @throws {PostingError} */
  seek(key: number): boolean {
    while (this.next()) if (this.key >= key) return this.key === key
    return false
  }

  /** Segments of the current key, at the end of a set they are above. @throws {PostingError} */
  addRunsTo(runs: number[]): void {
    if (this.only >= 0) addRun(runs, this.only, this.only)
    else readRuns(this.#input, this.#listEnd, this.#base, this.#last, runs)
  }
}

/** A set by itself, such as the segments of a part. */
export function encodeRuns(runs: Runs, base: number): Uint8Array {
  const writer = new PostingWriter()
  writeRuns(writer, runs, base)
  return writer.finish()
}

/** @throws {PostingError} */
export function decodeRuns(bytes: Uint8Array, base: number, last: number): Runs {
  const runs: number[] = []
  readRuns(new PostingBytes(bytes), bytes.length, base, last, runs)
  return runs
}

function writeRuns(writer: PostingWriter, runs: Runs, base: number): void {
  let lowest = base
  for (let i = 0; i < runs.length; i += 2) {
    const from = runs[i] as number
    const to = runs[i + 1] as number
    writer.varint(2 * (from - lowest) + (to > from ? 1 : 0))
    if (to > from) writer.varint(to - from - 1)
    lowest = to + 2
  }
}

function readRuns(input: PostingBytes, end: number, base: number, last: number, runs: number[]): void {
  const start = input.at
  let lowest = base
  while (input.at < end) {
    const head = input.varint()
    const isLong = head & 1
    const from = lowest + (head - isLong) / 2
    const to = isLong === 0 ? from : from + 1 + input.varint()
    if (to > last) throw malformed('a segment is out of range', input.at)
    addRun(runs, from, to)
    lowest = to + 2
  }
  if (input.at !== end) throw malformed('a run ends after its list', input.at)
  input.at = start
}
