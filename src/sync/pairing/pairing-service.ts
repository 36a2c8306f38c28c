/**
 * Pairing by ticket: both sides of the ceremony as steps from message to message (docs/spec/pairing.md).
 *
 * Guarantees: nobody without the ticket's token gets a word beyond a refusal; each side has proven the token over the
 * whole transcript, the libp2p keys that Noise proved included, before anything is kept; a ticket serves one device.
 */
import type { Crypto } from '../../base/crypto.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId } from '../../model/ids.ts'
import type { DeviceCard } from '../../model/membership.ts'
import { decodeMembershipPayload, encodeMembershipEnvelope } from '../../wire/membership-op.ts'
import type { PairAccept, PairJoin, PairOffer } from '../../wire/pair-messages.ts'
import { isPairProof, pairProof, type PairParties } from '../../wire/pair-proof.ts'
import { decodeTicket, encodeTicket, PAIR_TOKEN_BYTES, pairTokenId, type Ticket } from '../../wire/ticket.ts'
import type { Ledger } from '../ledger.ts'
import type { MembershipService } from '../membership-service.ts'
import { PairingError, type PairingErrorCode } from './pairing-error.ts'

export interface StoredInvitation {
  readonly tokenId: Uint8Array
  readonly token: Uint8Array
  readonly expiresUnixMs: number
  readonly usedBy: DeviceId | undefined
}
export interface InvitationStore {
  insert(invitation: Omit<StoredInvitation, 'usedBy'>): void
  get(tokenId: Uint8Array): StoredInvitation | undefined
  /** @returns false if it has been used */
  use(tokenId: Uint8Array, by: DeviceId): boolean
  prune(nowUnixMs: number): void
  /** Those that are neither used nor expired. */
  openCount(nowUnixMs: number): number
}
export interface PairingDeps {
  readonly crypto: Crypto
  readonly now: () => number
  readonly card: DeviceCard
  readonly members: MembershipService
  readonly invitations: InvitationStore
  readonly ledger: Ledger
  /** Remembers where a device just paired can be found. */
  readonly remember: (device: DeviceId, addresses: readonly string[]) => void
  readonly onRefused: (code: string) => void
}

/** Time a ticket is good for, in milliseconds: long enough to walk to the other device. */
export const TICKET_LIFE_MS = 600_000
/** Tickets open at once; more would only be forgotten ones. */
export const MAX_OPEN_TICKETS = 8
/** Failed attempts that become leaves of the audit log within {@link TICKET_LIFE_MS}; more are only counted. */
export const MAX_RECORDED_FAILURES = 16
const NONCE_BYTES = 16
/** Nobody did anything wrong: only counted. */
const UNRECORDED: ReadonlySet<string> = new Set<PairingErrorCode>(['PAIR_BUSY', 'PAIR_NOT_OPEN'])

/** Time from a confirmed code to the last step, in milliseconds: no person has a part in it. */
const NEARBY_JOIN_MS = 30_000

/** Whose code was confirmed, what came out of it, and where it was reached. */
export interface NearbyInviter {
  readonly card: DeviceCard
  readonly token: Uint8Array
  readonly addresses: readonly string[]
}
/** What the inviter remembers between a join and its accept. */
export interface InviterState {
  readonly join: Omit<PairJoin, 'type' | 'mac'>
  readonly offer: Omit<PairOffer, 'type' | 'mac'>
  readonly parties: PairParties
}
/** What the joiner remembers between its join and the offer. */
export interface JoinerState {
  readonly ticket: Ticket
  readonly join: Omit<PairJoin, 'type' | 'mac'>
  readonly parties: PairParties
}
/** The joiner's first step, made. */
export interface StartedJoin {
  readonly state: JoinerState
  readonly message: PairJoin
}
export interface Paired {
  readonly deviceId: DeviceId
  readonly name: string
}

export class PairingService {
  readonly #deps: PairingDeps
  #recordedAtMs: number[] = []

  constructor(deps: PairingDeps) {
    this.#deps = deps
  }

  /** @throws {PairingError} `PAIR_TOO_MANY` */
  invite(addresses: readonly string[]): { readonly ticket: string; readonly expiresUnixMs: number } {
    const { crypto, now, card, invitations, ledger, members } = this.#deps
    members.beginAnewIfRemoved()
    invitations.prune(now())
    if (invitations.openCount(now()) >= MAX_OPEN_TICKETS) {
      throw new PairingError('PAIR_TOO_MANY', 'too many tickets are open; wait until one has expired')
    }
    const token = crypto.randomBytes(PAIR_TOKEN_BYTES)
    const expiresUnixMs = Math.floor(now() + TICKET_LIFE_MS)
    invitations.insert({ tokenId: pairTokenId(token, crypto.sha256), token, expiresUnixMs })
    ledger.append({
      type: 'pairing.invited',
      outcome: 'success',
      actor: { kind: 'user', ref: card.deviceId },
      object: { kind: 'membership', ref: members.mesh() },
    })
    const { deviceId, peerKey } = card
    const expiresUnixS = Math.floor(expiresUnixMs / 1000)
    return {
      ticket: encodeTicket({ deviceId, peerKey, token, addrs: addresses, expiresUnixS }, crypto.sha256),
      expiresUnixMs,
    }
  }

  /** Whether somebody new may come: a used ticket keeps the door open for nobody. */
  isOpen(): boolean {
    return this.#deps.invitations.openCount(this.#deps.now()) > 0
  }

  /** From now on a device nearby is waited for: one that was removed begins a mesh of its own, as when it invites. */
  openNearby(): void {
    const { card, ledger, members } = this.#deps
    members.beginAnewIfRemoved()
    ledger.append({
      type: 'pairing.invited',
      outcome: 'success',
      actor: { kind: 'user', ref: card.deviceId },
      object: { kind: 'membership', ref: members.mesh() },
      payload: { nearby: true },
    })
  }

  /** Lets in, once and soon, whoever holds the token that came out of a code both people have confirmed. */
  inviteNearby(token: Uint8Array): void {
    const { crypto, now, invitations } = this.#deps
    const expiresUnixMs = Math.floor(now() + NEARBY_JOIN_MS)
    invitations.insert({ tokenId: pairTokenId(token, crypto.sha256), token, expiresUnixMs })
  }

  /** As {@link startJoin}, with a device whose code was confirmed in place of a ticket. */
  startNearbyJoin({ card: inviter, token, addresses }: NearbyInviter): StartedJoin {
    this.#deps.members.requireAlone()
    const expiresUnixS = Math.ceil((this.#deps.now() + NEARBY_JOIN_MS) / 1000)
    const { deviceId, peerKey } = inviter
    return this.#joinWith({ deviceId, peerKey, token, addrs: addresses, expiresUnixS })
  }

  /**
   * The joiner's first step. Whether the ticket is still good is the inviter's to say, by the clock that it was made by: ours may
   * be wrong. @throws {TicketError}, {PairingError} `PAIR_SELF`, {MembershipError} `PAIR_ALREADY_IN_MESH`
   */
  startJoin(text: string): StartedJoin {
    const { crypto, card, members } = this.#deps
    members.requireAlone()
    const ticket = decodeTicket(text, crypto.sha256)
    if (ticket.deviceId === card.deviceId) throw new PairingError('PAIR_SELF', 'this ticket is from this very device')
    return this.#joinWith(ticket)
  }

  #joinWith(ticket: Ticket): StartedJoin {
    const { crypto, card } = this.#deps
    const join = {
      tokenId: pairTokenId(ticket.token, crypto.sha256),
      nonce: crypto.randomBytes(NONCE_BYTES),
      card,
    }
    const parties = { inviter: ticket.deviceId, inviterPeerKey: ticket.peerKey, joinerPeerKey: card.peerKey }
    const mac = pairProof(crypto, ticket.token, { role: 'join', ...parties, join })
    return { state: { ticket, join, parties }, message: { type: 'join', ...join, mac } }
  }

  /** The inviter's answer to a stranger. @throws {PairingError} with the code the stranger is told */
  answerJoin({ mac, ...message }: PairJoin, remotePeerKey: Uint8Array): { state: InviterState; message: PairOffer } {
    const { crypto, card, members } = this.#deps
    const join = { tokenId: message.tokenId, nonce: message.nonce, card: message.card }
    const parties = { inviter: card.deviceId, inviterPeerKey: card.peerKey, joinerPeerKey: remotePeerKey }
    const invitation = this.#invitationFor(join)
    if (!isPairProof(crypto, invitation.token, { role: 'join', ...parties, join }, mac)) {
      throw new PairingError('PAIR_PROOF_WRONG', 'the proof does not belong to this ticket')
    }
    if (!equalBytes(join.card.peerKey, remotePeerKey)) {
      throw new PairingError('PAIR_KEY_MISMATCH', 'the card names another connection key')
    }
    const offer = {
      nonce: crypto.randomBytes(NONCE_BYTES),
      card,
      mesh: members.mesh(),
      ops: members.opsBeyond(new Set()),
      ...this.#addFor(join, invitation),
    }
    const proof = pairProof(crypto, invitation.token, { role: 'offer', ...parties, join, offer })
    return { state: { join, offer, parties }, message: { type: 'offer', ...offer, mac: proof } }
  }

  /** The joiner's second step: it signs only the operation that adds itself, in the mesh of the ticket's device. */
  answerOffer({ ticket, join, parties }: JoinerState, { mac, ...offer }: PairOffer): PairAccept {
    const { crypto, card, members } = this.#deps
    if (!isPairProof(crypto, ticket.token, { role: 'offer', ...parties, join, offer }, mac)) {
      throw new PairingError('PAIR_PROOF_WRONG', 'the other device does not hold this ticket')
    }
    const add = decodeMembershipPayload(offer.addPayload, crypto.sha256)
    const addsUs = add.kind === 'add' && isSameCard(add.card, card)
    const isTheirs =
      add.author === ticket.deviceId && offer.card.deviceId === ticket.deviceId && add.mesh === offer.mesh
    if (!addsUs || !isTheirs)
      throw new PairingError('PAIR_KEY_MISMATCH', 'the operation is not about these two devices')
    const subjectSignature = members.sign(offer.addPayload)
    const proof = pairProof(crypto, ticket.token, { role: 'accept', ...parties, join, offer, subjectSignature })
    return { type: 'accept', subjectSignature, mac: proof }
  }

  /** The inviter's last step: on return the joiner is a member. */
  async finish({ join, offer, parties }: InviterState, accept: PairAccept): Promise<Paired> {
    const { crypto, members, invitations } = this.#deps
    const { subjectSignature, mac } = accept
    const invitation = this.#invitationFor(join)
    const transcript = { role: 'accept' as const, ...parties, join, offer, subjectSignature }
    if (!isPairProof(crypto, invitation.token, transcript, mac)) {
      throw new PairingError('PAIR_PROOF_WRONG', 'the proof does not belong to this ticket')
    }
    if (invitation.usedBy === undefined) {
      // Others may have come this far with the same ticket: it is used with the operation, by one of them.
      await members.commitAdd(offer.addPayload, offer.addAuthorSignature, subjectSignature, {
        check: () => {
          if (this.#invitationFor(join).usedBy !== undefined) throw ticketUsed()
        },
        use: () => {
          if (!invitations.use(invitation.tokenId, join.card.deviceId)) throw ticketUsed()
        },
      })
    } else if (!equalBytes(this.#addFor(join, invitation).addPayload, offer.addPayload)) throw ticketUsed()
    this.#recordCompleted(join.card)
    return { deviceId: join.card.deviceId, name: join.card.name }
  }

  /** The joiner's last step, once the inviter said that it has kept the operation. */
  complete({ ticket }: JoinerState, offer: PairOffer, accept: PairAccept): Paired {
    const { members, remember } = this.#deps
    const add = encodeMembershipEnvelope(offer.addPayload, offer.addAuthorSignature, accept.subjectSignature)
    members.join(offer.mesh, [...offer.ops, add])
    remember(ticket.deviceId, ticket.addrs)
    this.#recordCompleted(offer.card)
    return { deviceId: offer.card.deviceId, name: offer.card.name }
  }

  /**
   * Counts every failure. Strangers cannot fill the audit log: of many in one ticket's time only the first stand there.
   * @param name what the other device calls itself, once a code was shown: such failures are few, and all stand there
   */
  recordFailure(code: string, name?: string): void {
    const { ledger, card, members, onRefused } = this.#deps
    onRefused(code)
    if (UNRECORDED.has(code) || (name === undefined && !this.#mayRecord())) return
    ledger.append({
      type: 'pairing.failed',
      outcome: 'failure',
      actor: { kind: 'device', ref: card.deviceId },
      object: { kind: 'membership', ref: members.mesh() },
      payload: { code, ...(name !== undefined && { name }) },
    })
  }

  #mayRecord(): boolean {
    const nowMs = this.#deps.now()
    this.#recordedAtMs = this.#recordedAtMs.filter((at) => nowMs - at < TICKET_LIFE_MS)
    if (this.#recordedAtMs.length >= MAX_RECORDED_FAILURES) return false
    this.#recordedAtMs.push(nowMs)
    return true
  }

  /** For a new ticket a new operation; a joiner that lost our last answer signs once more the one that took it in. */
  #addFor(
    { card }: Pick<PairJoin, 'card'>,
    { usedBy }: StoredInvitation,
  ): Pick<PairOffer, 'addPayload' | 'addAuthorSignature'> {
    const { members } = this.#deps
    if (usedBy === undefined) {
      const addPayload = members.draftAdd(card)
      return { addPayload, addAuthorSignature: members.sign(addPayload) }
    }
    const kept = members.ownAddOf(usedBy)
    if (kept === undefined || !isSameCard(kept.card, card)) throw ticketUsed()
    return { addPayload: kept.payload, addAuthorSignature: kept.authorSignature }
  }

  /**
   * A ticket serves the first device that completes; that one may repeat, since its last answer can get lost, as long as
   * it is the member that the ticket made it: once removed, it comes in again by a new ticket only.
   */
  #invitationFor(join: Pick<PairJoin, 'tokenId' | 'card'>): StoredInvitation {
    const { invitations, members, now } = this.#deps
    const invitation = invitations.get(join.tokenId)
    if (invitation === undefined) throw new PairingError('PAIR_TICKET_UNKNOWN', 'no such ticket is open')
    if (invitation.expiresUnixMs <= now()) throw new PairingError('PAIR_TICKET_EXPIRED', 'this ticket has expired')
    const { usedBy } = invitation
    if (usedBy !== undefined && (usedBy !== join.card.deviceId || members.ownAddOf(usedBy) === undefined)) {
      throw ticketUsed()
    }
    return invitation
  }

  #recordCompleted(other: DeviceCard): void {
    const { ledger, card } = this.#deps
    ledger.append({
      type: 'pairing.completed',
      outcome: 'success',
      actor: { kind: 'user', ref: card.deviceId },
      object: { kind: 'device', ref: other.deviceId },
      payload: { name: other.name },
    })
  }
}

function ticketUsed(): PairingError {
  return new PairingError('PAIR_TICKET_USED', 'this ticket has been used')
}

/** All of it: under another seal key, whoever made it would read what other members seal for this device. */
export function isSameCard(a: DeviceCard, b: DeviceCard): boolean {
  const isSameDevice = a.deviceId === b.deviceId && a.name === b.name
  return isSameDevice && equalBytes(a.peerKey, b.peerKey) && equalBytes(a.sealKey, b.sealKey)
}
