/**
 * What one segment is found by, as the row that is written with it. docs/spec/index.md, IX14.
 *
 *   row  = | version 1 | list of trace keys | list of tokens | varint bytes of the runs | run ... |
 *   list = | varint keys + 1 | varint key - key before (the first: key) ... |, or | 0 | of a segment that matches every key
 *   runs = tokens that are in the store's list of shared tokens, as a set of places in it (posting-block.ts), base 0
 *
 * Most tokens of a segment are those of its neighbours: as places in a list they share they take a few bytes. Keys are below
 * 2^48 and ascend. A list is bounded by its bytes, never by the count it claims.
 */
import { decodeRuns, encodeRuns } from './posting-block.ts'
import { malformed, MAX_KEY, PostingBytes, PostingWriter } from './posting-bytes.ts'
import { addRun, countOf, type Runs } from './runs.ts'

/** Keys of one family and segment that are listed. With more of them it is taken to match every key: 64 times a usual one's. */
export const MAX_KEYS_OF_SEGMENT = 65_536

const VERSION = 1

/** What a segment is found by: sorted, each once; `undefined` for all there are. */
export interface NewSegmentKeys {
  readonly traces: ArrayLike<number> | undefined
  readonly tokens: ArrayLike<number> | undefined
}

/** Sorted, each once; `undefined` for all there are. */
export interface SegmentKeys {
  readonly traces: Float64Array | undefined
  /** Those that are not in the list of shared tokens. */
  readonly others: Float64Array | undefined
  /** Those that are, as places in it. */
  readonly places: Runs
}

/** @throws {RangeError} for keys that do not ascend or are out of range: a mistake of the caller, that would spoil the index */
export function encodeSegmentKeys({ traces, tokens }: NewSegmentKeys, shared: Float64Array): Uint8Array {
  const isListed = tokens !== undefined && tokens.length <= MAX_KEYS_OF_SEGMENT
  const { places, others } = isListed ? split(tokens, shared) : { places: [], others: tokens }
  const writer = new PostingWriter()
  writer.byte(VERSION)
  writeList(writer, traces)
  writeList(writer, others)
  const runs = encodeRuns(places, 0)
  writer.varint(runs.length)
  writer.bytes(runs)
  return writer.finish()
}

/** @param shared that of {@link encodeSegmentKeys} @throws {PostingError} */
export function decodeSegmentKeys(bytes: Uint8Array, shared: Float64Array): SegmentKeys {
  const input = new PostingBytes(bytes)
  input.version(VERSION)
  const traces = readList(input)
  const others = readList(input)
  if (input.varint() !== bytes.length - input.at) throw malformed('runs end elsewhere than they say', input.at)
  const places = decodeRuns(bytes.subarray(input.at), 0, shared.length - 1)
  return { traces, others, places }
}

/** All tokens of a segment. @throws {PostingError} if one is listed twice */
export function joinTokens(others: Float64Array, places: Runs, shared: Float64Array): Float64Array {
  const tokens = new Float64Array(others.length + countOf(places))
  let count = 0
  let other = 0
  for (let run = 0; run < places.length; run += 2) {
    const last = places[run + 1] as number
    for (let place = places[run] as number; place <= last; place++) {
      const token = shared[place] as number
      while (other < others.length && (others[other] as number) < token) tokens[count++] = others[other++] as number
      if (others[other] === token) throw malformed('a token is listed twice', other)
      tokens[count++] = token
    }
  }
  tokens.set(others.subarray(other), count)
  return tokens
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

/** Tokens that are shared, as places, and those that are not. */
function split(tokens: ArrayLike<number>, shared: Float64Array): { places: Runs; others: Float64Array } {
  const places: number[] = []
  const others = new Float64Array(tokens.length)
  let count = 0
  let place = 0
  let last = -1
  for (let i = 0; i < tokens.length; i++) {
    const token = checked(tokens[i] as number, last)
    while (place < shared.length && (shared[place] as number) < token) place++
    if (place < shared.length && shared[place] === token) addRun(places, place, place)
    else others[count++] = token
    last = token
  }
  return { places, others: others.subarray(0, count) }
}

function writeList(writer: PostingWriter, keys: ArrayLike<number> | undefined): void {
  if (keys === undefined || keys.length > MAX_KEYS_OF_SEGMENT) writer.varint(0)
  else writeKeys(writer, keys)
}

function writeKeys(writer: PostingWriter, keys: ArrayLike<number>): void {
  writer.varint(keys.length + 1)
  let last = -1
  for (let i = 0; i < keys.length; i++) {
    const key = checked(keys[i] as number, last)
    writer.varint(i === 0 ? key : key - last)
    last = key
  }
}

function checked(key: number, last: number): number {
  if (key > last && key < MAX_KEY) return key
  throw new RangeError('keys of a segment ascend and are below 2^48')
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
