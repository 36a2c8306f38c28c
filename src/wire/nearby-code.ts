/**
 * What binds a nearby pairing together: the answerer's commitment, the code that people compare, and the token with which
 * the two go on as with a ticket; docs/spec/pairing.md.
 *
 *   commitment = SHA-256("aico-mesh/pair-commitment/v1\0" || CBOR [versions, version, caller's peer key, answerer's peer key, answerer's part])
 *   transcript = SHA-256("aico-mesh/pair-nearby/v1\0" || CBOR [the same first four, commitment, caller's part, answerer's part])
 *   code bytes = HMAC-SHA256(transcript, "aico-mesh/pair-code/v1\0"), first 6      token = the same with "aico-mesh/pair-token/v1\0", first 16
 *
 * Peer keys are what each side knows itself: its own, and the one that the link has proven of the other.
 */
import { concat, utf8 } from '../base/bytes.ts'
import type { Crypto } from '../base/crypto.ts'
import { PAIR_CODE_BYTES, pairCodeOf, type PairCode } from '../model/pair-code.ts'
import type { CborValue } from './cbor-value.ts'
import { encodeCbor } from './cbor.ts'
import { nearbyPartMap, type NearbyPart } from './nearby-messages.ts'
import { PAIR_TOKEN_BYTES } from './ticket.ts'

/** Who talks to whom, and what version they speak: known before anything is revealed. */
export interface NearbyParties {
  /** As the caller named them, in its order. */
  readonly versions: readonly number[]
  readonly version: number
  readonly callerPeerKey: Uint8Array
  readonly answererPeerKey: Uint8Array
}
export interface NearbyTranscript extends NearbyParties {
  readonly commitment: Uint8Array
  readonly caller: NearbyPart
  readonly answerer: NearbyPart
}
export interface NearbyOutcome {
  readonly code: PairCode
  /** Known to these two only: both nonces are in it, and they travelled over the encrypted link. */
  readonly token: Uint8Array
}

const COMMITMENT = utf8('aico-mesh/pair-commitment/v1\0')
const TRANSCRIPT = utf8('aico-mesh/pair-nearby/v1\0')
const CODE = utf8('aico-mesh/pair-code/v1\0')
const TOKEN = utf8('aico-mesh/pair-token/v1\0')

export function nearbyCommitment(
  { sha256 }: Pick<Crypto, 'sha256'>,
  parties: NearbyParties,
  answerer: NearbyPart,
): Uint8Array {
  return sha256(concat(COMMITMENT, encodeCbor([...partyItems(parties), nearbyPartMap(answerer)])))
}

export function nearbyOutcome(
  { sha256, hmacSha256 }: Pick<Crypto, 'sha256' | 'hmacSha256'>,
  transcript: NearbyTranscript,
): NearbyOutcome {
  const { commitment, caller, answerer } = transcript
  const items = [...partyItems(transcript), commitment, nearbyPartMap(caller), nearbyPartMap(answerer)]
  const key = sha256(concat(TRANSCRIPT, encodeCbor(items)))
  return {
    code: pairCodeOf(hmacSha256(key, CODE).subarray(0, PAIR_CODE_BYTES)),
    token: hmacSha256(key, TOKEN).slice(0, PAIR_TOKEN_BYTES),
  }
}

function partyItems({ versions, version, callerPeerKey, answererPeerKey }: NearbyParties): readonly CborValue[] {
  return [versions, version, callerPeerKey, answererPeerKey]
}
