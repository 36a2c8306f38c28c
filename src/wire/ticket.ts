/**
 * Ticket: what one device shows and another types in to pair; docs/spec/pairing.md.
 *
 *   "aicomesh1" || base32( CBOR { 1 version, 2 deviceId, 3 peerKey, 4 token, 5 addrs, 6 expiresUnixS } || checksum )
 *   checksum = first 4 bytes of SHA-256 of the CBOR: catches typing mistakes, proves nothing
 *
 * Read in any case and with any white space, since people copy it from screens and QR codes carry it in capitals.
 * Holds the one-time token, which is a secret: never log a ticket.
 */
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import { idBytes, type DeviceId } from '../model/ids.ts'
import { decodeBase32, encodeBase32 } from './base32.ts'
import { decodeCborMap, fields, mapOf, readBytes, readUint } from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { KEY_BYTES, readAddresses, readDeviceId } from './shared-fields.ts'
import { WireError } from './wire-error.ts'

export const TICKET_VERSION = 1
export const PAIR_TOKEN_BYTES = 16
export const PAIR_TOKEN_ID_BYTES = 8
/** Longest text looked at, in characters: a full ticket is 3,600 and may be broken into short lines. */
export const MAX_TICKET_CHARS = 8192

export interface Ticket {
  /** The inviting device. */
  readonly deviceId: DeviceId
  /** Its libp2p identity, raw Ed25519. */
  readonly peerKey: Uint8Array
  /** One-time secret that both sides prove to know. */
  readonly token: Uint8Array
  /** Multiaddrs to try, in this order. */
  readonly addrs: readonly string[]
  readonly expiresUnixS: number
}

export type TicketErrorCode = 'TICKET_FORMAT' | 'TICKET_CHECKSUM' | 'TICKET_VERSION'
export class TicketError extends WireError<TicketErrorCode> {}

const PREFIX = 'aicomesh'
const FORM = '1'
const CHECKSUM_BYTES = 4
const MISTYPED = 'this ticket is mistyped or cut off'
const TOKEN_ID_DOMAIN = utf8('aico-mesh/ticket/v1\0')
const PRINTABLE_ASCII = /^[\x21-\x7e]*$/
const F = fields({ version: 1, deviceId: 2, peerKey: 3, token: 4, addrs: 5, expiresUnixS: 6 })

/** Names a token to a peer that may know it, without giving it away. */
export function pairTokenId(token: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concat(TOKEN_ID_DOMAIN, token)).slice(0, PAIR_TOKEN_ID_BYTES)
}

/** @throws {WireError} for a ticket that a reader would refuse. */
export function encodeTicket(ticket: Ticket, sha256: Sha256): string {
  const map = mapOf(
    [F.version, TICKET_VERSION],
    [F.deviceId, idBytes(ticket.deviceId)],
    [F.peerKey, ticket.peerKey],
    [F.token, ticket.token],
    [F.addrs, ticket.addrs],
    [F.expiresUnixS, ticket.expiresUnixS],
  )
  readTicket(map)
  const bytes = encodeCbor(map)
  return PREFIX + FORM + encodeBase32(concat(bytes, checksum(bytes, sha256)))
}

/**
 * Whether it has expired is for the caller.
 *
 * @throws {TicketError} `TICKET_VERSION` for a newer kind of ticket, `TICKET_CHECKSUM` for a mistyped one,
 *   `TICKET_FORMAT` for anything else that is no ticket.
 */
export function decodeTicket(text: string, sha256: Sha256): Ticket {
  const bytes = ticketBytes(text)
  const content = bytes.subarray(0, -CHECKSUM_BYTES)
  if (!equalBytes(bytes.subarray(-CHECKSUM_BYTES), checksum(content, sha256))) {
    throw new TicketError('TICKET_CHECKSUM', MISTYPED)
  }
  try {
    const map = decodeCborMap(content, 'ticket')
    const version = readUint(map, F.version)
    if (version !== TICKET_VERSION) throw unsupported(version)
    return readTicket(map)
  } catch (cause) {
    if (cause instanceof TicketError || !(cause instanceof WireError)) throw cause
    throw new TicketError('TICKET_FORMAT', 'not the content of a ticket', { cause, details: { reason: cause.code } })
  }
}

function ticketBytes(text: string): Uint8Array {
  if (text.length > MAX_TICKET_CHARS) throw notATicket(text.length)
  const compact = text.replaceAll(/\s+/g, '')
  // Only ASCII: some letters elsewhere become ASCII when lowercased.
  const word = PRINTABLE_ASCII.test(compact) ? compact.toLowerCase() : ''
  const form = word.charAt(PREFIX.length)
  if (!word.startsWith(PREFIX) || !/^[0-9]$/.test(form)) throw notATicket(text.length)
  if (form !== FORM) throw unsupported(Number(form))
  const bytes = decodeBase32(word.slice(PREFIX.length + FORM.length))
  if (bytes === undefined || bytes.length <= CHECKSUM_BYTES) throw notATicket(text.length, MISTYPED)
  return bytes
}

function readTicket(map: CborMap): Ticket {
  return {
    deviceId: readDeviceId(map, F.deviceId),
    peerKey: readBytes(map, F.peerKey, KEY_BYTES),
    token: readBytes(map, F.token, PAIR_TOKEN_BYTES),
    addrs: readAddresses(map, F.addrs),
    expiresUnixS: readUint(map, F.expiresUnixS),
  }
}

function checksum(bytes: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(bytes).slice(0, CHECKSUM_BYTES)
}

function notATicket(length: number, why = 'this is no ticket: one begins with aicomesh1'): TicketError {
  return new TicketError('TICKET_FORMAT', why, { details: { length } })
}

function unsupported(version: number): TicketError {
  return new TicketError('TICKET_VERSION', 'a ticket of a version this program does not know', { details: { version } })
}
