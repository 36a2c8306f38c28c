/**
 * Ids as branded types: a string or bytes become an id only through the checks here.
 * Text forms are lowercase hex; wire forms are raw bytes of the length named.
 */
import { fromHex, toHex } from '../base/bytes.ts'

declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/** Ed25519 public key of a device (32 bytes), as 64 hex digits. The device's identity; names are only labels. */
export type DeviceId = Branded<string, 'DeviceId'>
/** Random id of a mesh (16 bytes), as 32 hex digits. */
export type MeshId = Branded<string, 'MeshId'>
/** Random, opaque id of a segment log (16 bytes), as 32 hex digits. */
export type LogId = Branded<string, 'LogId'>
/** Random id of a log's incarnation (16 bytes), as 32 hex digits; a restore or reinstall makes a new one. */
export type Incarnation = Branded<string, 'Incarnation'>
/** Random id of a grant (16 bytes), as 32 hex digits. */
export type GrantId = Branded<string, 'GrantId'>
/** SHA-256 of a domain and a control operation's signed bytes (32 bytes), as 64 hex digits. */
export type OpId = Branded<string, 'OpId'>
/** W3C trace id: 16 bytes, not all zero, as 32 hex digits. */
export type TraceId = Branded<string, 'TraceId'>
/** W3C span id: 8 bytes, not all zero, as 16 hex digits. */
export type SpanId = Branded<string, 'SpanId'>

export const DEVICE_ID_BYTES = 32
export const MESH_ID_BYTES = 16
export const LOG_ID_BYTES = 16
export const INCARNATION_BYTES = 16
export const GRANT_ID_BYTES = 16
export const OP_ID_BYTES = 32
export const TRACE_ID_BYTES = 16
export const SPAN_ID_BYTES = 8

export const toDeviceId = hexId<DeviceId>(DEVICE_ID_BYTES)
export const toMeshId = hexId<MeshId>(MESH_ID_BYTES)
export const toLogId = hexId<LogId>(LOG_ID_BYTES)
export const toIncarnation = hexId<Incarnation>(INCARNATION_BYTES)
export const toGrantId = hexId<GrantId>(GRANT_ID_BYTES)
export const toOpId = hexId<OpId>(OP_ID_BYTES)
export const toTraceId = hexId<TraceId>(TRACE_ID_BYTES, false)
export const toSpanId = hexId<SpanId>(SPAN_ID_BYTES, false)

/** Bytes of an id made by one of the functions above. */
export function idBytes(id: DeviceId | MeshId | LogId | Incarnation | GrantId | OpId | TraceId | SpanId): Uint8Array {
  return fromHex(id) as Uint8Array
}

type ToId<Id> = (value: string | Uint8Array) => Id | undefined

/** A reader of one kind of id: takes hex of either case or bytes, answers `undefined` for a wrong length or digit. */
function hexId<Id extends string>(length: number, mayBeZero = true): ToId<Id> {
  const isLowercase = new RegExp(`^[0-9a-f]{${2 * length}}$`)
  const zero = '0'.repeat(2 * length)
  return (value) => {
    // As it is most of the time: nothing to be made of it.
    if (typeof value === 'string' && isLowercase.test(value))
      return mayBeZero || value !== zero ? (value as Id) : undefined
    const bytes = typeof value === 'string' ? fromHex(value) : value
    if (bytes?.length !== length || (!mayBeZero && isZero(bytes))) return undefined
    return toHex(bytes) as Id
  }
}

/** A loop, not `every`: this runs for three ids of every span. */
function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false
  return true
}
