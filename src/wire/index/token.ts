/**
 * Tokens: 32-bit hashes of what a record can be searched by. Equal things have equal tokens wherever they are computed, in
 * the scan of a record or from the words of a query; different things may share one, so a token only ever says "maybe".
 *
 * Layout (docs/spec/index.md): FNV-1a over a kind byte and what follows it, then MurmurHash3's last mix. Stored indexes are
 * made of these values: a change here, or of what has tokens, needs a new INDEX_VERSION, which makes every store build its
 * index again, and a step of the schema, so that no older program adds to an index that is newer than it.
 */
import { utf8 } from '../../base/bytes.ts'

/** An unsigned 32-bit integer. */
export type Token = number

/** What has tokens: 2 added the names of log records' events. Only adds: of an older index, what it has is still true. */
export const INDEX_VERSION = 2
/** From this version on log records are found by their events' names. */
export const EVENT_NAMES_SINCE = 2

/** Characters of a word that count; what follows is left to whoever opens the record. */
export const MAX_WORD_CHARS = 64

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

const KIND_ATTRIBUTE = 1
const KIND_NAME = 2
const KIND_WORD = 3
const KIND_STATUS = 4
const KIND_SPAN_KIND = 5
const KIND_SEVERITY = 6
const KIND_LINK = 7
const KIND_TRACE = 8

const VALUE_ANY = 0
const VALUE_STRING = 1
const VALUE_INT = 2
const VALUE_DOUBLE = 3
const VALUE_BOOL = 4

/** One more byte. */
export function addByte(state: number, byte: number): number {
  return Math.imul(state ^ byte, FNV_PRIME)
}

/** The bytes from `start` up to `end`. */
export function addBytes(state: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  let hash = state
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME)
  return hash
}

/** What has been added, as a token. */
export function finish(state: number): Token {
  let hash = state ^ (state >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** States to go on from; an attribute's goes on with its key. */
export const ATTRIBUTE_STATE = addByte(FNV_OFFSET, KIND_ATTRIBUTE)
export const NAME_STATE = addByte(FNV_OFFSET, KIND_NAME)
export const WORD_STATE = addByte(FNV_OFFSET, KIND_WORD)
const LINK_STATE = addByte(FNV_OFFSET, KIND_LINK)
const TRACE_STATE = addByte(FNV_OFFSET, KIND_TRACE)

/** After a key: the state its string value goes on from. */
export function stringState(keyState: number): number {
  return addByte(keyState, VALUE_STRING)
}
export function finishKey(keyState: number): Token {
  return finish(addByte(keyState, VALUE_ANY))
}
/** A 64-bit integer in two's complement, by its halves. */
export function finishInt(keyState: number, low: number, high: number): Token {
  return finish(addWord(addWord(addByte(keyState, VALUE_INT), low), high))
}
/** A double by the halves of its IEEE 754 bits. */
export function finishDouble(keyState: number, low: number, high: number): Token {
  return finish(addWord(addWord(addByte(keyState, VALUE_DOUBLE), low), high))
}
export function finishBool(keyState: number, value: boolean): Token {
  return finish(addByte(addByte(keyState, VALUE_BOOL), value ? 1 : 0))
}

export function statusToken(code: number): Token {
  return finish(addWord(addByte(FNV_OFFSET, KIND_STATUS), code))
}
export function spanKindToken(kind: number): Token {
  return finish(addWord(addByte(FNV_OFFSET, KIND_SPAN_KIND), kind))
}
/** By OpenTelemetry's severity number. */
export function severityToken(severityNumber: number): Token {
  return finish(addWord(addByte(FNV_OFFSET, KIND_SEVERITY), severityNumber))
}
/** A span has a link to a trace. */
export function linkToken(bytes: Uint8Array, start = 0, end = bytes.length): Token {
  return finish(addBytes(LINK_STATE, bytes, start, end))
}
/** A log record or exemplar belongs to a trace. Spans are found by their trace's key instead. */
export function traceToken(bytes: Uint8Array, start = 0, end = bytes.length): Token {
  return finish(addBytes(TRACE_STATE, bytes, start, end))
}
export function nameToken(name: string): Token {
  return finish(addBytes(NAME_STATE, utf8(name)))
}
/** A word of {@link wordsOf}. */
export function wordToken(word: string): Token {
  return finish(addBytes(WORD_STATE, utf8(word)))
}

function keyStateOf(key: string): number {
  return addBytes(ATTRIBUTE_STATE, utf8(key))
}
/** The record, its resource, its scope or one of its events has an attribute of this key. */
export function keyToken(key: string): Token {
  return finishKey(keyStateOf(key))
}
/** ... whose value, or an element of it, is this string. */
export function stringToken(key: string, value: string): Token {
  return finish(addBytes(stringState(keyStateOf(key)), utf8(value)))
}
export function intToken(key: string, value: bigint): Token {
  return finishInt(keyStateOf(key), Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)))
}
export function doubleToken(key: string, value: number): Token {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value, true)
  return finishDouble(keyStateOf(key), view.getUint32(0, true), view.getUint32(4, true))
}
export function boolToken(key: string, value: boolean): Token {
  return finishBool(keyStateOf(key), value)
}

/** The words of a text, as they are indexed: runs of letters, digits and `_`, in lower case. */
export function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []
  return words.map((word) => word.slice(0, MAX_WORD_CHARS))
}

function addWord(state: number, word: number): number {
  const low = addByte(addByte(state, word & 0xff), (word >>> 8) & 0xff)
  return addByte(addByte(low, (word >>> 16) & 0xff), word >>> 24)
}
