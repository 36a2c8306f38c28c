/**
 * Pairing messages <-> frames, one CBOR map per frame; docs/spec/pairing.md.
 *
 *   joiner -> inviter: join     inviter -> joiner: offer     joiner -> inviter: accept     inviter -> joiner: done
 *   either side, instead of its next message: refuse
 *
 * What two devices without a ticket say before that is in nearby-messages.ts.
 * This is the only protocol open to strangers: shapes and bounds are checked here, proofs by pair-proof.ts.
 */
import { idBytes, type MeshId } from '../model/ids.ts'
import type { DeviceCard } from '../model/membership.ts'
import { fields, mapOf, readByteStrings, readBytes, readBytesBetween, readMap } from './cbor-fields.ts'
import { cardMap, readCard } from './device-card.ts'
import { MAX_MEMBERSHIP_OP_BYTES } from './membership-op.ts'
import { encodeMessage, messageReader, type MessageTable } from './message-table.ts'
import { NEARBY_CODECS, type NearbyMessage } from './nearby-messages.ts'
import { HASH_BYTES, readErrorCode, readMeshId, requireVersion, SIGNATURE_BYTES } from './shared-fields.ts'
import { MAX_MEMBER_OP_IDS } from './sync-message-types.ts'
import { PAIR_TOKEN_ID_BYTES } from './ticket.ts'
import { WireError } from './wire-error.ts'

export const PAIR_VERSION = 1
export const PAIR_NONCE_BYTES = 16
/** Largest payload read of somebody who has proven nothing, in bytes. */
export const MAX_PAIR_REQUEST_BYTES = 4096
/** Most membership operations in an offer: all a mesh can have. */
export const MAX_PAIR_OPS = MAX_MEMBER_OP_IDS

/** The joining device says which ticket it holds, who it is, and proves the first. */
export interface PairJoin {
  readonly type: 'join'
  readonly tokenId: Uint8Array
  readonly nonce: Uint8Array
  readonly card: DeviceCard
  readonly mac: Uint8Array
}
/** The inviter proves the same, shows its mesh, and hands the signed operation that adds the joiner. */
export interface PairOffer {
  readonly type: 'offer'
  readonly nonce: Uint8Array
  readonly card: DeviceCard
  readonly mesh: MeshId
  /** The whole membership so far, as envelopes of membership-op.ts. */
  readonly ops: readonly Uint8Array[]
  readonly addPayload: Uint8Array
  readonly addAuthorSignature: Uint8Array
  readonly mac: Uint8Array
}
/** The joiner signs the operation that adds it. */
export interface PairAccept {
  readonly type: 'accept'
  readonly subjectSignature: Uint8Array
  readonly mac: Uint8Array
}
/** The inviter has committed the operation. */
export interface PairDone {
  readonly type: 'done'
}
export interface PairRefuse {
  readonly type: 'refuse'
  readonly code: string
}
type TicketMessage = PairJoin | PairOffer | PairAccept | PairDone | PairRefuse
export type PairMessage = TicketMessage | NearbyMessage

export type PairMessageErrorCode = 'PAIR_KIND'
export class PairMessageError extends WireError<PairMessageErrorCode> {}

/** The message as a whole frame. @throws {WireError} if a reader would refuse it. */
export function encodePairMessage(message: PairMessage): Uint8Array {
  return encodeMessage(CODECS, message)
}

/**
 * @throws {PairMessageError} `PAIR_KIND` for a frame that is no pairing message.
 * @throws {WireError} for a payload that is not that message's.
 */
export function decodePairMessage(kind: number, payload: Uint8Array): PairMessage {
  const message = readPairMessage(kind, payload)
  if (message === undefined) throw new PairMessageError('PAIR_KIND', 'not a pairing message', { details: { kind } })
  return message
}

const JOIN = fields({ version: 1, tokenId: 2, nonce: 3, card: 4, mac: 5 })
const OFFER = fields({
  version: 1,
  nonce: 2,
  card: 3,
  mesh: 4,
  ops: 5,
  addPayload: 6,
  addAuthorSignature: 7,
  mac: 8,
})
const ACCEPT = fields({ subjectSignature: 1, mac: 2 })
const REFUSE = fields({ code: 1 })

const TICKET_CODECS: MessageTable<TicketMessage> = {
  join: {
    kind: 32,
    write: (m) =>
      mapOf(
        [JOIN.version, PAIR_VERSION],
        [JOIN.tokenId, m.tokenId],
        [JOIN.nonce, m.nonce],
        [JOIN.card, cardMap(m.card)],
        [JOIN.mac, m.mac],
      ),
    read(map) {
      requireVersion(map, JOIN.version, PAIR_VERSION)
      return {
        type: 'join',
        tokenId: readBytes(map, JOIN.tokenId, PAIR_TOKEN_ID_BYTES),
        nonce: readBytes(map, JOIN.nonce, PAIR_NONCE_BYTES),
        card: readCard(readMap(map, JOIN.card)),
        mac: readBytes(map, JOIN.mac, HASH_BYTES),
      }
    },
  },
  offer: {
    kind: 33,
    write: (m) =>
      mapOf(
        [OFFER.version, PAIR_VERSION],
        [OFFER.nonce, m.nonce],
        [OFFER.card, cardMap(m.card)],
        [OFFER.mesh, idBytes(m.mesh)],
        [OFFER.ops, m.ops],
        [OFFER.addPayload, m.addPayload],
        [OFFER.addAuthorSignature, m.addAuthorSignature],
        [OFFER.mac, m.mac],
      ),
    read(map) {
      requireVersion(map, OFFER.version, PAIR_VERSION)
      return {
        type: 'offer',
        nonce: readBytes(map, OFFER.nonce, PAIR_NONCE_BYTES),
        card: readCard(readMap(map, OFFER.card)),
        mesh: readMeshId(map, OFFER.mesh),
        ops: readByteStrings(map, OFFER.ops, MAX_PAIR_OPS, 1, MAX_MEMBERSHIP_OP_BYTES),
        addPayload: readBytesBetween(map, OFFER.addPayload, 1, MAX_MEMBERSHIP_OP_BYTES),
        addAuthorSignature: readBytes(map, OFFER.addAuthorSignature, SIGNATURE_BYTES),
        mac: readBytes(map, OFFER.mac, HASH_BYTES),
      }
    },
  },
  accept: {
    kind: 34,
    write: (m) => mapOf([ACCEPT.subjectSignature, m.subjectSignature], [ACCEPT.mac, m.mac]),
    read: (map) => ({
      type: 'accept',
      subjectSignature: readBytes(map, ACCEPT.subjectSignature, SIGNATURE_BYTES),
      mac: readBytes(map, ACCEPT.mac, HASH_BYTES),
    }),
  },
  done: { kind: 35, write: () => mapOf(), read: () => ({ type: 'done' }) },
  refuse: {
    kind: 36,
    write: (m) => mapOf([REFUSE.code, m.code]),
    read: (map) => ({ type: 'refuse', code: readErrorCode(map, REFUSE.code) }),
  },
}

const CODECS: MessageTable<PairMessage> = { ...TICKET_CODECS, ...NEARBY_CODECS }
const readPairMessage = messageReader(CODECS, 'pairing message')
