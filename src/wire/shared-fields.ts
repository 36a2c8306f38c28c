/** Readers of the fields that several of our formats share: ids, times, versions, sorted lists, critical extensions. */
import { compareBytes, utf8 } from '../base/bytes.ts'
import {
  toDeviceId,
  toGrantId,
  toIncarnation,
  toLogId,
  toMeshId,
  toOpId,
  DEVICE_ID_BYTES,
  GRANT_ID_BYTES,
  INCARNATION_BYTES,
  LOG_ID_BYTES,
  MESH_ID_BYTES,
  OP_ID_BYTES,
  type DeviceId,
  type GrantId,
  type Incarnation,
  type LogId,
  type MeshId,
  type OpId,
} from '../model/ids.ts'
import { asText, asUint, readArray, readBytes, readByteStrings, readText, readUint, type Field } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { fieldError } from './wire-error.ts'

/** Length of every SHA-256 value and every key, in bytes. */
export const HASH_BYTES = 32
export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
/** Latest time a date can show, in Unix milliseconds. */
export const MAX_UNIX_MS = 8_640_000_000_000_000
/** Longest name of a part, in UTF-8 bytes; ours is `base`. */
export const MAX_PART_NAME_BYTES = 32
/** Most ids of critical extensions in one message. */
export const MAX_CRITICAL = 16
/** Most addresses of one device: a ticket has to fit a QR code. */
export const MAX_ADDRESSES = 16
/** Longest address, in bytes. */
export const MAX_ADDRESS_BYTES = 128
/** Longest code of a refusal, in bytes. */
export const MAX_ERROR_CODE_BYTES = 64
const PRINTABLE_ASCII = /^[\x21-\x7e]*$/
const ERROR_CODE = /^[A-Z][A-Z0-9_]*$/

export const readDeviceId = idReader<DeviceId>(toDeviceId, DEVICE_ID_BYTES)
export const readMeshId = idReader<MeshId>(toMeshId, MESH_ID_BYTES)
export const readLogId = idReader<LogId>(toLogId, LOG_ID_BYTES)
export const readIncarnation = idReader<Incarnation>(toIncarnation, INCARNATION_BYTES)
export const readGrantId = idReader<GrantId>(toGrantId, GRANT_ID_BYTES)
export const readOpId = idReader<OpId>(toOpId, OP_ID_BYTES)

export function readOpIds(map: CborMap, field: Field, max: number): readonly OpId[] {
  return readByteStrings(map, field, max, OP_ID_BYTES, OP_ID_BYTES).map((bytes) => toOpId(bytes) as OpId)
}

/** A stable code of another side, such as `PAIR_DENIED`: safe to print and to log. */
export function readErrorCode(map: CborMap, field: Field): string {
  const code = readText(map, field, MAX_ERROR_CODE_BYTES)
  if (!ERROR_CODE.test(code)) throw fieldError('WIRE_FIELD_RANGE', field.name, 'not a code')
  return code
}

export function readUnixMs(map: CborMap, field: Field): number {
  return readUint(map, field, MAX_UNIX_MS)
}

/** @throws {WireError} `WIRE_VERSION` for every version but `version`; `details.version` says which. */
export function requireVersion(map: CborMap, field: Field, version: number): void {
  const found = readUint(map, field)
  if (found !== version) throw fieldError('WIRE_VERSION', field.name, 'unsupported version', { version: found })
}

/** Ids of the critical extensions a message needs; a list that is present names at least one, ascending. */
export function readCritical(map: CborMap, field: Field): readonly number[] {
  if (!map.has(field.key)) return []
  const ids = readArray(map, field, MAX_CRITICAL, 1).map((value) => asUint(value, field.name))
  requireAscending(field, ids, (a, b) => a - b)
  return ids
}

/** A list of different texts, each of 1..`maxBytes` bytes, in the order of their UTF-8 bytes. */
export function readSortedTexts(map: CborMap, field: Field, max: number, maxBytes: number): readonly string[] {
  const texts = readArray(map, field, max, 1).map((value) => asText(value, field.name, maxBytes))
  requireAscending(field, texts, compareTexts)
  return texts
}

/** The order of texts on the wire: by UTF-8 bytes. */
export function compareTexts(a: string, b: string): number {
  return compareBytes(utf8(a), utf8(b))
}

/** Refuses a list that is not strictly ascending: one set, one encoding. @throws {WireError} `WIRE_FIELD_ORDER`. */
export function requireAscending<T>(field: Field, values: readonly T[], compare: (a: T, b: T) => number): void {
  for (let i = 1; i < values.length; i++) {
    if (compare(values[i - 1] as T, values[i] as T) >= 0) {
      throw fieldError('WIRE_FIELD_ORDER', field.name, 'not sorted, or twice the same')
    }
  }
}

function idReader<Id>(toId: (bytes: Uint8Array) => Id | undefined, length: number) {
  return (map: CborMap, field: Field): Id => toId(readBytes(map, field, length)) as Id
}

/** Multiaddrs, in the order to try them. */
export function readAddresses(map: CborMap, field: Field): readonly string[] {
  return readArray(map, field, MAX_ADDRESSES).map((value) => {
    const address = asText(value, field.name, MAX_ADDRESS_BYTES)
    if (!PRINTABLE_ASCII.test(address)) throw fieldError('WIRE_FIELD_RANGE', field.name, 'not printable ASCII')
    return address
  })
}
