/**
 * What two devices without a ticket say to each other before a person is asked: commitment, then both parts, then the code.
 *
 * The caller shows its part first and learns the code last; the answerer has committed to its own by then. So neither can
 * choose anything by what the other has chosen, and somebody in between has one guess for every code that a person is shown.
 */
import { equalBytes } from '../../base/bytes.ts'
import type { Crypto } from '../../base/crypto.ts'
import type { MeshId } from '../../model/ids.ts'
import type { DeviceCard } from '../../model/membership.ts'
import type { PairCode } from '../../model/pair-code.ts'
import { nearbyCommitment, nearbyOutcome, type NearbyParties } from '../../wire/nearby-code.ts'
import { NEARBY_NONCE_BYTES, NEARBY_VERSIONS, type NearbyPart } from '../../wire/nearby-messages.ts'
import { encodePairMessage } from '../../wire/pair-messages.ts'
import type { Link } from '../link.ts'
import type { PairInbox } from './pair-inbox.ts'
import { PairingError } from './pairing-error.ts'

/** This device, as it is when the exchange begins. */
export interface NearbySelf {
  readonly card: DeviceCard
  readonly mesh: MeshId
  readonly hasOthers: boolean
}
export interface Exchange {
  readonly crypto: Pick<Crypto, 'sha256' | 'hmacSha256' | 'randomBytes'>
  readonly self: NearbySelf
  readonly link: Link
  readonly inbox: PairInbox
  /** Called before anything is shown or kept that a code follows from; throws if there is to be no code now. */
  readonly beforeCode: () => void
}
/** Two devices that have a code to compare. */
export interface Met {
  readonly other: DeviceCard
  readonly code: PairCode
  readonly token: Uint8Array
  /** This device joins the other's mesh; else it takes the other in. */
  readonly weJoin: boolean
}

/** @throws {PairingError}, {PairLinkError}, {LinkError} */
export async function callNearby({ crypto, self, link, inbox, beforeCode }: Exchange): Promise<Met> {
  const versions = NEARBY_VERSIONS
  await link.send(encodePairMessage({ type: 'seek', versions }))
  const { version, commitment } = await inbox.expect('commit')
  if (!versions.includes(version)) throw unknownVersion(version)
  const caller = newPart(crypto, self)
  beforeCode()
  await link.send(encodePairMessage({ type: 'show', part: caller }))
  const { part: answerer } = await inbox.expect('open')
  const parties = { versions, version, callerPeerKey: self.card.peerKey, answererPeerKey: link.remotePeerKey }
  if (!equalBytes(nearbyCommitment(crypto, parties, answerer), commitment)) {
    throw new PairingError('PAIR_COMMITMENT_WRONG', 'the other device did not keep to what it committed to')
  }
  requirePartOf(link, self, answerer)
  const outcome = nearbyOutcome(crypto, { ...parties, commitment, caller, answerer })
  return { ...outcome, other: answerer.card, weJoin: joins(self, answerer, true) }
}

/** @throws as {@link callNearby} */
export async function answerNearby({ crypto, self, link, inbox, beforeCode }: Exchange): Promise<Met> {
  const { versions } = await inbox.expect('seek')
  const version = NEARBY_VERSIONS.findLast((each) => versions.includes(each))
  if (version === undefined) throw unknownVersion(versions.at(-1) as number)
  const answerer = newPart(crypto, self)
  const parties: NearbyParties = {
    versions,
    version,
    callerPeerKey: link.remotePeerKey,
    answererPeerKey: self.card.peerKey,
  }
  const commitment = nearbyCommitment(crypto, parties, answerer)
  await link.send(encodePairMessage({ type: 'commit', version, commitment }))
  const { part: caller } = await inbox.expect('show')
  requirePartOf(link, self, caller)
  const weJoin = joins(self, caller, false)
  beforeCode()
  await link.send(encodePairMessage({ type: 'open', part: answerer }))
  const outcome = nearbyOutcome(crypto, { ...parties, commitment, caller, answerer })
  return { ...outcome, other: caller.card, weJoin }
}

function newPart(crypto: Pick<Crypto, 'randomBytes'>, { card, mesh, hasOthers }: NearbySelf): NearbyPart {
  return { nonce: crypto.randomBytes(NEARBY_NONCE_BYTES), card, mesh, hasOthers }
}

function requirePartOf({ remotePeerKey }: Link, self: NearbySelf, { card, mesh }: NearbyPart): void {
  if (card.deviceId === self.card.deviceId)
    throw new PairingError('PAIR_SELF', 'the other device claims to be this one')
  if (!equalBytes(card.peerKey, remotePeerKey)) {
    throw new PairingError('PAIR_KEY_MISMATCH', 'the card names another connection key')
  }
  if (mesh === self.mesh) throw alreadyInMesh('the other device says that it is in the mesh of this one')
}

/** Whoever is alone joins the other; of two that are, the caller. */
function joins(self: NearbySelf, other: NearbyPart, isCaller: boolean): boolean {
  if (self.hasOthers && other.hasOthers) throw alreadyInMesh('both devices have others already')
  return self.hasOthers === other.hasOthers ? isCaller : other.hasOthers
}

function alreadyInMesh(what: string): PairingError {
  return new PairingError('PAIR_ALREADY_IN_MESH', `${what}: a device is in one mesh only`)
}

function unknownVersion(version: number): PairingError {
  return new PairingError('PAIR_VERSION_UNKNOWN', 'the other device pairs in another version: update the older one', {
    details: { version },
  })
}
