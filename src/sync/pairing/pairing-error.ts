/** What pairing ends with when it does not end in a membership, what of it the other side is told, and in which words. */
import { codeOf, MeshError } from '../../base/errors.ts'
import type { PairMessage } from '../../wire/pair-messages.ts'

export type PairingErrorCode =
  | 'PAIR_TICKET_EXPIRED'
  | 'PAIR_TICKET_UNKNOWN'
  | 'PAIR_TICKET_USED'
  | 'PAIR_SELF'
  | 'PAIR_PROOF_WRONG'
  | 'PAIR_KEY_MISMATCH'
  | 'PAIR_OUT_OF_ORDER'
  | 'PAIR_REFUSED'
  | 'PAIR_TOO_MANY'
  /** The part that was opened is not the one that was committed to. */
  | 'PAIR_COMMITMENT_WRONG'
  /** No version in common, or one that was not offered. */
  | 'PAIR_VERSION_UNKNOWN'
  /** Both have others already: neither can join. */
  | 'PAIR_ALREADY_IN_MESH'
  /** It does not wait for a device nearby. */
  | 'PAIR_NOT_OPEN'
  /** It is comparing codes with another device. */
  | 'PAIR_BUSY'
  /** A person said that the codes are not the same. */
  | 'PAIR_CODES_DIFFER'
  /** Nobody said anything about the codes in time. */
  | 'PAIR_EXPIRED'
  /** A person ended it without comparing. */
  | 'PAIR_CANCELLED'
  /** Too many attempts one after another. */
  | 'PAIR_PAUSED'
  /** No device nearby was found that waits to be paired. */
  | 'PAIR_NOBODY_NEARBY'
  /** There is no code to say anything about. */
  | 'PAIR_NOTHING_TO_COMPARE'
  /** A text that is no code. */
  | 'PAIR_CODE_FORMAT'
export class PairingError extends MeshError<PairingErrorCode> {}

export type PairLinkErrorCode = 'PAIR_TIMEOUT' | 'PAIR_LINK_ENDED'
export class PairLinkError extends MeshError<PairLinkErrorCode> {}

export function linkEnded(cause?: unknown): PairLinkError {
  return new PairLinkError('PAIR_LINK_ENDED', 'the other device ended the connection', { cause })
}

/** What the other side may learn of a failure; anything else is only `PAIR_REFUSED`. */
const TOLD: readonly string[] = [
  'PAIR_TICKET_EXPIRED',
  'PAIR_TICKET_UNKNOWN',
  'PAIR_TICKET_USED',
  'PAIR_PROOF_WRONG',
  'PAIR_KEY_MISMATCH',
  'PAIR_OUT_OF_ORDER',
  'PAIR_COMMITMENT_WRONG',
  'PAIR_VERSION_UNKNOWN',
  'PAIR_ALREADY_IN_MESH',
  'PAIR_NOT_OPEN',
  'PAIR_BUSY',
  'PAIR_CODES_DIFFER',
  'PAIR_EXPIRED',
  'PAIR_CANCELLED',
] satisfies readonly PairingErrorCode[]

export function refusalOf(err: unknown): PairMessage {
  const code = codeOf(err)
  return { type: 'refuse', code: TOLD.includes(code) ? code : 'PAIR_REFUSED' }
}

/** Our error for the other side's refusal: its reason where it is one we know. */
export function refusedWith(code: string): PairingError {
  const reason = TOLD.includes(code) ? (code as PairingErrorCode) : 'PAIR_REFUSED'
  return new PairingError(reason, REASONS[reason] ?? 'the other device refused', { details: { code } })
}

/** What different codes may mean, and what to do: the same words on both devices. */
export const CODES_DIFFER =
  'nothing was paired and nothing was shared. Different codes mean that somebody on this network may stand in between, or that ' +
  'one of you looked at another device. Try it on another network, or with a ticket: aico-mesh pair invite'

const REASONS: Partial<Record<PairingErrorCode, string>> = {
  PAIR_TICKET_EXPIRED: 'this ticket has expired; make a new one',
  PAIR_TICKET_UNKNOWN: 'the other device does not know this ticket; make a new one',
  PAIR_TICKET_USED: 'another device has used this ticket; make a new one',
  PAIR_ALREADY_IN_MESH: 'both devices have others already: a device is in one mesh only',
  PAIR_NOT_OPEN: 'the other device waits for nobody nearby: run `aico-mesh pair nearby` there too',
  PAIR_BUSY: 'the other device is comparing codes with another device',
  PAIR_CODES_DIFFER: `on the other device somebody said that the codes differ: ${CODES_DIFFER}`,
  PAIR_EXPIRED: 'nobody confirmed the codes within a minute; run `aico-mesh pair nearby` on both devices again',
  PAIR_CANCELLED: 'somebody ended it on the other device',
}
