/**
 * Membership operations on the wire; docs/spec/control.md.
 *
 *   payload  = { 1 version, 2 kind (1 found, 2 add, 3 remove), 3 mesh, 4 author, 5 heads, 6 atUnixMs, 7 card | 8 subject,
 *                9 critical? }
 *   envelope = [ payload, author's signature, the new device's signature (add) | null ]
 *
 * Signatures and the id are over "aico-mesh/membership-op/v1\0" || payload. {@link decodeMembershipOp} returns verified
 * operations only; whether they take effect is for the reducer in policy.
 */
import { compareBytes, concat, utf8 } from '../base/bytes.ts'
import type { Crypto, Sha256 } from '../base/crypto.ts'
import { idBytes, toOpId, type DeviceId, type OpId } from '../model/ids.ts'
import type { AddOp, FoundOp, MembershipOp, RemoveOp } from '../model/membership.ts'
import { asArray, asBytes, decodeCborMap, fields, mapOf, readMap, readUint } from './cbor-fields.ts'
import type { CborMap, CborValue } from './cbor-value.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import { ControlError, refuseCritical } from './control-error.ts'
import { cardMap, readCard } from './device-card.ts'
import {
  readDeviceId,
  readMeshId,
  readOpIds,
  readUnixMs,
  requireAscending,
  requireVersion,
  SIGNATURE_BYTES,
} from './shared-fields.ts'
import { limitBytes } from './wire-error.ts'

export const MEMBERSHIP_VERSION = 1
/** Most heads one operation follows. */
export const MAX_MEMBERSHIP_HEADS = 64
/** Largest envelope, in bytes: 64 heads take 2,176 and the rest 500. */
export const MAX_MEMBERSHIP_OP_BYTES = 3072

/** An operation before it is signed. */
export type MembershipDraft = Omit<FoundOp, 'opId'> | Omit<AddOp, 'opId'> | Omit<RemoveOp, 'opId'>

export interface DecodedMembershipOp {
  readonly op: MembershipOp
  /** The envelope, to keep and to pass on as it came. */
  readonly bytes: Uint8Array
}

const DOMAIN = utf8('aico-mesh/membership-op/v1\0')
const KINDS = ['found', 'add', 'remove'] as const
const F = fields({
  version: 1,
  kind: 2,
  mesh: 3,
  author: 4,
  heads: 5,
  atUnixMs: 6,
  card: 7,
  subject: 8,
  critical: 9,
})

/** @throws {WireError} for a draft that a reader would refuse. */
export function encodeMembershipPayload(draft: MembershipDraft): Uint8Array {
  const payload = encodeCbor(
    mapOf(
      [F.version, MEMBERSHIP_VERSION],
      [F.kind, KINDS.indexOf(draft.kind) + 1],
      [F.mesh, idBytes(draft.mesh)],
      [F.author, idBytes(draft.author)],
      [F.heads, draft.heads.map((head) => idBytes(head)).sort(compareBytes)],
      [F.atUnixMs, draft.atUnixMs],
      draft.kind === 'remove' ? [F.subject, idBytes(draft.subject)] : [F.card, cardMap(draft.card)],
    ),
  )
  readDraft(payload)
  return payload
}

/** What author and new device sign. */
export function membershipSigningBytes(payload: Uint8Array): Uint8Array {
  return concat(DOMAIN, payload)
}

export function membershipOpId(payload: Uint8Array, sha256: Sha256): OpId {
  return toOpId(sha256(membershipSigningBytes(payload))) as OpId
}

export function encodeMembershipEnvelope(
  payload: Uint8Array,
  authorSignature: Uint8Array,
  subjectSignature?: Uint8Array,
): Uint8Array {
  return encodeCbor([payload, authorSignature, subjectSignature ?? null])
}

/** Reads an operation whose signatures are not there yet, such as the one a joining device is asked to sign. */
export function decodeMembershipPayload(payload: Uint8Array, sha256: Sha256): MembershipOp {
  limitBytes(payload, MAX_MEMBERSHIP_OP_BYTES, 'membership operation')
  return { ...readDraft(payload), opId: membershipOpId(payload, sha256) }
}

export interface MembershipEnvelope {
  readonly payload: Uint8Array
  /** As they stand there: not verified. */
  readonly authorSignature: CborValue
  readonly subjectSignature: CborValue
}

/** Takes an envelope apart. @throws {WireError} */
export function openMembershipEnvelope(bytes: Uint8Array): MembershipEnvelope {
  limitBytes(bytes, MAX_MEMBERSHIP_OP_BYTES, 'membership operation')
  const [payload, author, subject] = asArray(decodeCbor(bytes), 'membership envelope', 3, 3)
  return {
    payload: asBytes(payload as CborValue, 'payload', 1, MAX_MEMBERSHIP_OP_BYTES),
    authorSignature: author as CborValue,
    subjectSignature: subject as CborValue,
  }
}

/**
 * @throws {ControlError} `CONTROL_BAD_SIGNATURE` unless exactly the signatures its kind needs are there and right.
 * @throws {WireError} for bytes that are not a membership operation.
 */
export function decodeMembershipOp(
  bytes: Uint8Array,
  crypto: Pick<Crypto, 'sha256' | 'ed25519Verify'>,
): DecodedMembershipOp {
  const { payload, authorSignature, subjectSignature } = openMembershipEnvelope(bytes)
  const op = decodeMembershipPayload(payload, crypto.sha256)
  const signed = membershipSigningBytes(payload)
  const requireSignature = (value: CborValue, signer: DeviceId, role: string): void => {
    if (value === null) throw badSignature(role)
    const signature = asBytes(value, role, SIGNATURE_BYTES, SIGNATURE_BYTES)
    if (!crypto.ed25519Verify(idBytes(signer), signed, signature)) throw badSignature(role)
  }
  requireSignature(authorSignature, op.author, 'authorSignature')
  if (op.kind === 'add') requireSignature(subjectSignature, op.card.deviceId, 'subjectSignature')
  else if (subjectSignature !== null) throw badSignature('subjectSignature')
  return { op, bytes: new Uint8Array(bytes) }
}

function readDraft(payload: Uint8Array): MembershipDraft {
  const map = decodeCborMap(payload, 'membership payload')
  requireVersion(map, F.version, MEMBERSHIP_VERSION)
  refuseCritical(map, F.critical)
  const base = {
    mesh: readMeshId(map, F.mesh),
    author: readDeviceId(map, F.author),
    heads: readHeads(map),
    atUnixMs: readUnixMs(map, F.atUnixMs),
  }
  const kind = KINDS[readUint(map, F.kind, KINDS.length, 1) - 1] as (typeof KINDS)[number]
  if (kind === 'remove') return { ...base, kind, subject: readDeviceId(map, F.subject) }
  const draft = { ...base, kind, card: readCard(readMap(map, F.card)) }
  requireConsistent(draft)
  return draft
}

function readHeads(map: CborMap): readonly OpId[] {
  const heads = readOpIds(map, F.heads, MAX_MEMBERSHIP_HEADS)
  // Lowercase hex sorts as its bytes do.
  requireAscending(F.heads, heads, (a, b) => (a < b ? -1 : a === b ? 0 : 1))
  return heads
}

function requireConsistent(draft: Omit<FoundOp, 'opId'> | Omit<AddOp, 'opId'>): void {
  const isSelf = draft.author === draft.card.deviceId
  if (draft.kind === 'found' && (!isSelf || draft.heads.length > 0)) {
    throw new ControlError('CONTROL_CONTRADICTION', 'a mesh is founded by the device on the card, after nothing')
  }
  if (draft.kind === 'add' && (isSelf || draft.heads.length === 0)) {
    throw new ControlError('CONTROL_CONTRADICTION', 'a member adds another device, after something')
  }
}

function badSignature(role: string): ControlError {
  return new ControlError('CONTROL_BAD_SIGNATURE', 'signature missing, wrong or too many', { details: { role } })
}
