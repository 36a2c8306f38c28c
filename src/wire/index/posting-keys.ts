/**
 * What one segment is found by, as the row that is written with it. docs/spec/index.md, IX14.
 *
 *   row  = | version 1 | list of trace keys | list of tokens |
 *   list = | varint keys + 1 | varint key - key before (the first: key) ... |, or | 0 | of a segment that matches every key
 *
 * Keys are below 2^48 and ascend. A list is bounded by its bytes, never by the count it claims.
 */
import { malformed, MAX_KEY, PostingBytes, PostingWriter } from './posting-bytes.ts'

/** Keys of one family and segment that are listed. With more of them it is taken to match every key: 64 times a usual one's. */
export const MAX_KEYS_OF_SEGMENT = 65_536

const VERSION = 1

/** Sorted, each once; `undefined` for all there are. */
export interface SegmentKeys {
  readonly traces: Float64Array | undefined
  readonly tokens: Float64Array | undefined
}

/** @throws {RangeError} for keys that do not ascend or are out of range: a mistake of the caller, that would spoil the index */
export function encodeSegmentKeys(traces: ArrayLike<number>, tokens: ArrayLike<number>): Uint8Array {
  const writer = new PostingWriter()
  writer.byte(VERSION)
  writeList(writer, traces)
  writeList(writer, tokens)
  return writer.finish()
}

/** @throws {PostingError} */
export function decodeSegmentKeys(bytes: Uint8Array): SegmentKeys {
  const input = new PostingBytes(bytes)
  input.version(VERSION)
  const traces = readList(input)
  const tokens = readList(input)
  input.end()
  return { traces, tokens }
}

/** A list by itself, such as the first keys of a part's blocks: as many as there are. */
export function encodeKeys(keys: ArrayLike<number>): Uint8Array {
  const writer = new PostingWriter()
  writeKeys(writer, keys)
  return writer.finish()
}

/** @throws {PostingError} */
export function decodeKeys(bytes: Uint8Array): Float64Array {
  const input = new PostingBytes(bytes)
  const keys = readList(input) ?? new Float64Array()
  input.end()
  return keys
}

function writeList(writer: PostingWriter, keys: ArrayLike<number>): void {
  if (keys.length > MAX_KEYS_OF_SEGMENT) writer.varint(0)
  else writeKeys(writer, keys)
}

function writeKeys(writer: PostingWriter, keys: ArrayLike<number>): void {
  writer.varint(keys.length + 1)
  let last = -1
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as number
    if (!(key > last && key < MAX_KEY)) throw new RangeError('keys of a segment ascend and are below 2^48')
    writer.varint(i === 0 ? key : key - last)
    last = key
  }
}

function readList(input: PostingBytes): Float64Array | undefined {
  const head = input.varint()
  if (head === 0) return undefined
  const count = head - 1
  if (count > input.bytes.length - input.at) throw malformed('a list has more keys than bytes', input.at)
  const keys = new Float64Array(count)
  let last = 0
  for (let i = 0; i < count; i++) {
    const step = input.varint()
    last += step
    if ((step === 0 && i > 0) || last >= MAX_KEY) throw malformed('keys do not ascend', input.at)
    keys[i] = last
  }
  return keys
}
