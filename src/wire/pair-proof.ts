/**
 * Proofs of pairing: both sides show that they know the ticket's token, over everything said so far; docs/spec/pairing.md.
 *
 *   mac = HMAC-SHA256(token, "aico-mesh/pair/v1\0" || role || SHA-256(transcript))
 *
 * The transcript binds version, both cards, both libp2p keys as the link proved them, both nonces, the mesh, its
 * operations and the one that adds the joiner: whoever sits between, or mixes two pairings, ends with another mac.
 * Roles differ per message, so no proof can be reflected. Compare with {@link isPairProof} only.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { idBytes, type DeviceId } from '../model/ids.ts'
import type { CborValue } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { cardMap } from './device-card.ts'
import { PAIR_VERSION, type PairJoin, type PairOffer } from './pair-messages.ts'

/** Who talks to whom, each from what it knows itself: the ticket, its own keys, and the key its link has proven. */
export interface PairParties {
  readonly inviter: DeviceId
  readonly inviterPeerKey: Uint8Array
  readonly joinerPeerKey: Uint8Array
}

interface JoinTranscript extends PairParties {
  readonly role: 'join'
  readonly join: Omit<PairJoin, 'type' | 'mac'>
}
interface OfferTranscript extends PairParties {
  readonly role: 'offer'
  readonly join: Omit<PairJoin, 'type' | 'mac'>
  readonly offer: Omit<PairOffer, 'type' | 'mac'>
}
interface AcceptTranscript extends PairParties {
  readonly role: 'accept'
  readonly join: Omit<PairJoin, 'type' | 'mac'>
  readonly offer: Omit<PairOffer, 'type' | 'mac'>
  readonly subjectSignature: Uint8Array
}
/** What a message proves knowledge over: everything up to and including itself. */
export type PairTranscript = JoinTranscript | OfferTranscript | AcceptTranscript

const DOMAIN = utf8('aico-mesh/pair/v1\0')

export function pairProof(
  crypto: Pick<Crypto, 'sha256' | 'hmacSha256'>,
  token: Uint8Array,
  transcript: PairTranscript,
): Uint8Array {
  const hash = crypto.sha256(encodeCbor(transcriptItems(crypto, transcript)))
  return crypto.hmacSha256(token, concat(DOMAIN, utf8(transcript.role), hash))
}

/** Whether `mac` proves knowledge of the token over this transcript; takes the same time whatever differs. */
export function isPairProof(
  crypto: Pick<Crypto, 'sha256' | 'hmacSha256' | 'timingSafeEqual'>,
  token: Uint8Array,
  transcript: PairTranscript,
  mac: Uint8Array,
): boolean {
  return crypto.timingSafeEqual(pairProof(crypto, token, transcript), mac)
}

function transcriptItems(crypto: Pick<Crypto, 'sha256'>, transcript: PairTranscript): readonly CborValue[] {
  const { inviter, inviterPeerKey, joinerPeerKey, join } = transcript
  const joinItems = [
    PAIR_VERSION,
    idBytes(inviter),
    inviterPeerKey,
    joinerPeerKey,
    join.tokenId,
    join.nonce,
    cardMap(join.card),
  ]
  if (transcript.role === 'join') return joinItems
  const { offer } = transcript
  const offerItems = [
    ...joinItems,
    offer.nonce,
    cardMap(offer.card),
    idBytes(offer.mesh),
    crypto.sha256(encodeCbor(offer.ops)),
    offer.addPayload,
    offer.addAuthorSignature,
  ]
  return transcript.role === 'offer' ? offerItems : [...offerItems, transcript.subjectSignature]
}
