/**
 * Consent operations on the wire: the plaintext of a consent entry (control-entry.ts); docs/spec/control.md.
 *
 *   { 1 version, 2 kind (1 grant, 2 revoke), 3 grantId, 4 prev?, 5 may (1 see, 2 carry), 6 lanes, 7 modules?, 8 parts?,
 *     9 since, 10 until?, 11 purpose, 12 noticeHash, 13 leaseS, 14 critical?, 15 atUnixMs, 16 ownerSince,
 *     17 recipientSince }
 *
 * Owner and recipient are those of the entry that carries it, and are part of the id. What a grant needs and this
 * version does not know makes it grant nothing; what a revoke carries beyond its grant is ignored: denying is safe.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Sha256 } from '../base/crypto.ts'
import {
  MAX_GRANT_MODULES,
  MAX_PURPOSE_BYTES,
  MAYS,
  type ConsentOp,
  type GrantOp,
  type May,
  type RevokeOp,
} from '../model/grant.ts'
import { idBytes, toOpId, type DeviceId, type OpId } from '../model/ids.ts'
import { LANES, MAX_MODULE_NAME_BYTES, type Lane } from '../model/lane.ts'
import {
  asUint,
  decodeCborMap,
  fields,
  mapOf,
  readArray,
  readBytes,
  readOptional,
  readText,
  readUint,
} from './cbor-fields.ts'
import type { CborMap } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import {
  compareTexts,
  HASH_BYTES,
  MAX_PART_NAME_BYTES,
  readCritical,
  readGrantId,
  readOpId,
  readSortedTexts,
  readUnixMs,
  requireAscending,
  requireVersion,
} from './shared-fields.ts'
import { limitBytes } from './wire-error.ts'

export const CONSENT_VERSION = 1
/** Largest operation, in bytes: 64 modules of 128 bytes and all the rest. */
export const MAX_CONSENT_OP_BYTES = 16 * 1024
/** Most parts in one grant: one exists. */
export const MAX_GRANT_PARTS = 16
/** Longest lease, in seconds: a year, so that a grant never outlives its owner by much. */
export const MAX_LEASE_S = 31_622_400
/** Highest lane number read without refusing the whole operation: room for lanes of later versions. */
const MAX_LANE_NUMBER = 31

/** An operation before owner and recipient are known. */
export type ConsentDraft =
  Omit<GrantOp, 'opId' | 'owner' | 'recipient' | 'unknownCritical'> | Omit<RevokeOp, 'opId' | 'owner' | 'recipient'>

/** Whose consent for whom: known from the entry that carries the operation. */
export interface ConsentParties {
  readonly owner: DeviceId
  readonly recipient: DeviceId
}

const DOMAIN = utf8('aico-mesh/consent-op/v1\0')
const KINDS = ['grant', 'revoke'] as const
const F = fields({
  version: 1,
  kind: 2,
  grantId: 3,
  prev: 4,
  may: 5,
  lanes: 6,
  modules: 7,
  parts: 8,
  since: 9,
  until: 10,
  purpose: 11,
  noticeHash: 12,
  leaseS: 13,
  critical: 14,
  atUnixMs: 15,
  ownerSince: 16,
  recipientSince: 17,
})

/** @throws {WireError} for a draft that a reader would refuse. */
export function encodeConsentOp(draft: ConsentDraft): Uint8Array {
  const bytes = encodeCbor(
    new Map([
      ...mapOf(
        [F.version, CONSENT_VERSION],
        [F.kind, KINDS.indexOf(draft.kind) + 1],
        [F.grantId, idBytes(draft.grantId)],
        [F.prev, draft.prev === undefined ? undefined : idBytes(draft.prev)],
        [F.atUnixMs, draft.atUnixMs],
      ),
      ...(draft.kind === 'grant' ? grantMap(draft) : []),
    ]),
  )
  readDraft(bytes)
  return bytes
}

export function consentOpId(parties: ConsentParties, bytes: Uint8Array, sha256: Sha256): OpId {
  return toOpId(sha256(concat(DOMAIN, idBytes(parties.owner), idBytes(parties.recipient), bytes))) as OpId
}

/** @throws {WireError} for bytes that are not a consent operation. */
export function decodeConsentOp(bytes: Uint8Array, parties: ConsentParties, sha256: Sha256): ConsentOp {
  const { owner, recipient } = parties
  return { ...readDraft(bytes), opId: consentOpId(parties, bytes, sha256), owner, recipient }
}

function grantMap(draft: Extract<ConsentDraft, { kind: 'grant' }>): CborMap {
  return mapOf(
    [F.may, MAYS.indexOf(draft.may) + 1],
    [F.lanes, [...new Set(draft.lanes)].map((lane) => LANES.indexOf(lane)).sort((a, b) => a - b)],
    [F.modules, draft.modules && [...new Set(draft.modules)].sort(compareTexts)],
    [F.parts, draft.parts && [...new Set(draft.parts)].sort(compareTexts)],
    [F.since, draft.sinceUnixMs],
    [F.until, draft.untilUnixMs],
    [F.purpose, draft.purpose],
    [F.noticeHash, draft.noticeHash],
    [F.leaseS, draft.leaseS],
    [F.ownerSince, idBytes(draft.ownerSince)],
    [F.recipientSince, idBytes(draft.recipientSince)],
  )
}

type ReadDraft = Omit<GrantOp, 'opId' | 'owner' | 'recipient'> | Omit<RevokeOp, 'opId' | 'owner' | 'recipient'>

function readDraft(bytes: Uint8Array): ReadDraft {
  limitBytes(bytes, MAX_CONSENT_OP_BYTES, 'consent operation')
  const map = decodeCborMap(bytes, 'consent operation')
  requireVersion(map, F.version, CONSENT_VERSION)
  const base = { grantId: readGrantId(map, F.grantId), atUnixMs: readUnixMs(map, F.atUnixMs) }
  const kind = KINDS[readUint(map, F.kind, KINDS.length, 1) - 1]
  return kind === 'revoke' ? { ...base, kind, prev: readOpId(map, F.prev) } : { ...base, ...readGrant(map) }
}

function readGrant(map: CborMap): Omit<GrantOp, 'opId' | 'owner' | 'recipient' | 'grantId' | 'atUnixMs'> {
  const { lanes, hasUnknown } = readLanes(map)
  return {
    kind: 'grant',
    prev: readOptional(readOpId, map, F.prev),
    may: MAYS[readUint(map, F.may, MAYS.length, 1) - 1] as May,
    lanes,
    modules: readOptional(readSortedTexts, map, F.modules, MAX_GRANT_MODULES, MAX_MODULE_NAME_BYTES),
    parts: readOptional(readSortedTexts, map, F.parts, MAX_GRANT_PARTS, MAX_PART_NAME_BYTES),
    sinceUnixMs: readUnixMs(map, F.since),
    untilUnixMs: readOptional(readUnixMs, map, F.until),
    purpose: readText(map, F.purpose, MAX_PURPOSE_BYTES),
    noticeHash: readBytes(map, F.noticeHash, HASH_BYTES),
    leaseS: readUint(map, F.leaseS, MAX_LEASE_S, 1),
    ownerSince: readOpId(map, F.ownerSince),
    recipientSince: readOpId(map, F.recipientSince),
    unknownCritical: hasUnknown || readCritical(map, F.critical).length > 0,
  }
}

/** A lane of a later version is left out, and counts as something critical that this version does not know. */
function readLanes(map: CborMap): { lanes: readonly Lane[]; hasUnknown: boolean } {
  const numbers = readArray(map, F.lanes, MAX_LANE_NUMBER + 1, 1).map((lane) =>
    asUint(lane, F.lanes.name, MAX_LANE_NUMBER),
  )
  requireAscending(F.lanes, numbers, (a, b) => a - b)
  const lanes = numbers.flatMap((number) => LANES[number] ?? [])
  return { lanes, hasUnknown: lanes.length < numbers.length }
}
