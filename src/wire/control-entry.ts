/**
 * Entry of the log one owner writes for one recipient: a sealed consent operation or key hand-over; docs/spec/control.md.
 *
 *   payload  = { 1 version, 2 mesh, 3 owner, 4 recipient, 5 seq, 6 prev?, 7 kind (1 consent, 2 keys), 8 opId?, 9 enc, 10 ct,
 *                11 critical? }
 *   envelope = [ payload, owner's signature ]
 *
 * Signature and id are over "aico-mesh/control-entry/v1\0" || payload. Sealing (HPKE, RFC 9180) is done elsewhere;
 * {@link controlInfo} and {@link controlAad} say what it binds.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Crypto, Sha256 } from '../base/crypto.ts'
import { idBytes, type DeviceId, type MeshId, type OpId } from '../model/ids.ts'
import { decodeCborMap, fields, mapOf, readBytes, readBytesBetween, readOptional, readUint } from './cbor-fields.ts'
import { encodeCbor } from './cbor.ts'
import { ControlError, refuseCritical } from './control-error.ts'
import { HASH_BYTES, KEY_BYTES, readDeviceId, readMeshId, readOpId, requireVersion } from './shared-fields.ts'
import { openEnvelope, type EnvelopeKind } from './signed-envelope.ts'

export const CONTROL_VERSION = 1
/** Largest envelope, in bytes: a hand-over of 256 logs and 64 module keys. */
export const MAX_CONTROL_ENTRY_BYTES = 64 * 1024
/** Largest ciphertext, in bytes: the envelope without everything else in it. */
export const MAX_CONTROL_CIPHERTEXT_BYTES = MAX_CONTROL_ENTRY_BYTES - 512
/** Smallest ciphertext, in bytes: a tag and one byte. */
const MIN_CIPHERTEXT_BYTES = 17

/** Names the log an entry belongs to. */
export interface ControlLogKey {
  readonly mesh: MeshId
  readonly owner: DeviceId
  readonly recipient: DeviceId
}
interface EntryBase extends ControlLogKey {
  /** Contiguous from 0. */
  readonly seq: number
  /** Id of the entry before; undefined at seq 0 only. */
  readonly prev: Uint8Array | undefined
  /** HPKE encapsulated key. */
  readonly enc: Uint8Array
  readonly ciphertext: Uint8Array
}
export interface ConsentEntry extends EntryBase {
  readonly kind: 'consent'
}
export interface KeysEntry extends EntryBase {
  readonly kind: 'keys'
  /** The grant that the keys are handed over under. */
  readonly opId: OpId
}
export type ControlEntry = ConsentEntry | KeysEntry

export interface DecodedControlEntry {
  readonly entry: ControlEntry
  readonly entryId: Uint8Array
  /** The envelope, to keep and to pass on as it came. */
  readonly bytes: Uint8Array
}

const DOMAIN = utf8('aico-mesh/control-entry/v1\0')
const INFO_DOMAIN = utf8('aico-mesh/control/v1\0')
const KINDS = ['consent', 'keys'] as const
const F = fields({
  version: 1,
  mesh: 2,
  owner: 3,
  recipient: 4,
  seq: 5,
  prev: 6,
  kind: 7,
  opId: 8,
  enc: 9,
  ciphertext: 10,
  critical: 11,
})

/** HPKE `info`: whose entry of which kind, for whom, in which mesh. */
export function controlInfo(entry: ControlLogKey & Pick<ControlEntry, 'kind'>): Uint8Array {
  const kind = Uint8Array.of(KINDS.indexOf(entry.kind) + 1)
  return concat(INFO_DOMAIN, idBytes(entry.mesh), idBytes(entry.owner), idBytes(entry.recipient), kind)
}

/** HPKE `aad`: the grant that keys belong to, or the place in the log that a consent operation has. */
export function controlAad(
  entry: Pick<ConsentEntry, 'kind' | 'seq' | 'prev'> | Pick<KeysEntry, 'kind' | 'opId'>,
): Uint8Array {
  return entry.kind === 'keys' ? idBytes(entry.opId) : encodeCbor([entry.seq, entry.prev ?? null])
}

/** @throws {WireError} for an entry that a reader would refuse. */
export function encodeControlPayload(entry: ControlEntry): Uint8Array {
  const payload = encodeCbor(
    mapOf(
      [F.version, CONTROL_VERSION],
      [F.mesh, idBytes(entry.mesh)],
      [F.owner, idBytes(entry.owner)],
      [F.recipient, idBytes(entry.recipient)],
      [F.seq, entry.seq],
      [F.prev, entry.prev],
      [F.kind, KINDS.indexOf(entry.kind) + 1],
      [F.opId, entry.kind === 'keys' ? idBytes(entry.opId) : undefined],
      [F.enc, entry.enc],
      [F.ciphertext, entry.ciphertext],
    ),
  )
  readEntry(payload)
  return payload
}

/** What the owner signs. */
export function controlSigningBytes(payload: Uint8Array): Uint8Array {
  return concat(DOMAIN, payload)
}

export function controlEntryId(payload: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(controlSigningBytes(payload))
}

export function encodeControlEnvelope(payload: Uint8Array, ownerSignature: Uint8Array): Uint8Array {
  return encodeCbor([payload, ownerSignature])
}

const ENVELOPE: EnvelopeKind<ControlEntry> = {
  name: 'control entry',
  domain: DOMAIN,
  maxBytes: MAX_CONTROL_ENTRY_BYTES,
  role: 'owner',
  read: readEntry,
  signerOf: ({ owner }) => owner,
}

/**
 * @throws {ControlError} `CONTROL_BAD_SIGNATURE` unless the owner named in it signed it.
 * @throws {WireError} for bytes that are not an entry.
 */
export function decodeControlEntry(
  bytes: Uint8Array,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): DecodedControlEntry {
  const { value: entry, payload } = openEnvelope(ENVELOPE, crypto, bytes)
  return { entry, entryId: controlEntryId(payload, crypto.sha256), bytes: new Uint8Array(bytes) }
}

function readEntry(payload: Uint8Array): ControlEntry {
  const map = decodeCborMap(payload, 'control payload')
  requireVersion(map, F.version, CONTROL_VERSION)
  refuseCritical(map, F.critical)
  const base: EntryBase = {
    mesh: readMeshId(map, F.mesh),
    owner: readDeviceId(map, F.owner),
    recipient: readDeviceId(map, F.recipient),
    seq: readUint(map, F.seq),
    prev: readOptional(readBytes, map, F.prev, HASH_BYTES),
    enc: readBytes(map, F.enc, KEY_BYTES),
    ciphertext: readBytesBetween(map, F.ciphertext, MIN_CIPHERTEXT_BYTES, MAX_CONTROL_CIPHERTEXT_BYTES),
  }
  requireConsistent(base)
  const kind = KINDS[readUint(map, F.kind, KINDS.length, 1) - 1]
  return kind === 'keys' ? { ...base, kind, opId: readOpId(map, F.opId) } : { ...base, kind: 'consent' }
}

function requireConsistent(entry: EntryBase): void {
  if (entry.owner === entry.recipient) throw contradiction('nobody writes a log for itself')
  if ((entry.seq === 0) !== (entry.prev === undefined))
    throw contradiction('every entry but the first names the one before')
}

function contradiction(message: string): ControlError {
  return new ControlError('CONTROL_CONTRADICTION', message)
}
