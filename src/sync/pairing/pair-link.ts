/**
 * Carries the pairing ceremony over a link: frames in and out, one step after another, within a time limit. This is the
 * only thing a stranger can talk to, and it can talk to it only while a ticket is open or a device nearby is waited for.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf } from '../../base/errors.ts'
import { MAX_PAYLOAD_BYTES } from '../../wire/frame.ts'
import type { DeviceCard } from '../../model/membership.ts'
import { encodePairMessage, type PairAccept, type PairJoin, type PairOffer } from '../../wire/pair-messages.ts'
import type { Link } from '../link.ts'
import { PairInbox } from './pair-inbox.ts'
import { linkEnded, PairingError, PairLinkError, refusalOf } from './pairing-error.ts'
import { isSameCard, type InviterState, type JoinerState, type Paired, type StartedJoin } from './pairing-service.ts'

/** The service's steps, asked of another thread. */
export interface PairingSteps {
  answerJoin(join: PairJoin, remotePeerKey: Uint8Array): Promise<{ state: InviterState; message: PairOffer }>
  answerOffer(state: JoinerState, offer: PairOffer): Promise<PairAccept>
  finish(state: InviterState, accept: PairAccept): Promise<Paired>
  complete(state: JoinerState, offer: PairOffer, accept: PairAccept): Promise<Paired>
  failed(code: string): Promise<void>
}
/** Answers a link that begins with `seek`; never throws. It ends the time limit once it has its own. */
export type AnswerSeek = (link: Link, inbox: PairInbox, limit: TimeLimit) => Promise<Paired | undefined>

/** Time for everything that devices do without a person, in milliseconds: a few round trips and signatures. */
export const PAIR_TIMEOUT_MS = 15_000

export interface TimeLimit {
  cancel(): void
  /** What a failure is to be called: a link that we cut ourselves was late, another's end is the same in reading and writing. */
  cause(err: unknown): unknown
}

/** Cuts the link when the time is over. */
export function timeLimit(link: Link, clock: Clock): TimeLimit {
  let isLate = false
  const cancel = clock.after(PAIR_TIMEOUT_MS, () => {
    isLate = true
    link.abort()
  })
  return {
    cancel,
    cause(err) {
      if (isLate) return new PairLinkError('PAIR_TIMEOUT', 'the other device did not answer in time', { cause: err })
      return codeOf(err) === 'LINK_CLOSED' ? linkEnded(err) : err
    },
  }
}

/** One link of a stranger's. Never throws: whatever goes wrong is told to the other side and recorded. */
export async function servePairing(
  link: Link,
  steps: PairingSteps,
  clock: Clock,
  answerSeek: AnswerSeek,
): Promise<Paired | undefined> {
  const limit = timeLimit(link, clock)
  const inbox = new PairInbox(link)
  try {
    const first = await inbox.peek()
    if (first.type === 'seek') return await answerSeek(link, inbox, limit)
    return await takeIn(link, inbox, steps)
  } catch (err) {
    await tellRefusal(link, err)
    await steps.failed(codeOf(limit.cause(err)))
    return undefined
  } finally {
    limit.cancel()
    await link.close()
  }
}

/** The joiner's side of a ticket. @throws {PairingError} with the inviter's code, {PairLinkError}, and what the steps throw */
export async function joinOver(link: Link, join: StartedJoin, steps: PairingSteps, clock: Clock): Promise<Paired> {
  const limit = timeLimit(link, clock)
  try {
    return await enter(link, new PairInbox(link, MAX_PAYLOAD_BYTES), join, steps)
  } catch (err) {
    throw limit.cause(err)
  } finally {
    limit.cancel()
    await link.close()
  }
}

/** @param known who the other side has shown to be, if it has: then nobody else is taken in */
export async function takeIn(link: Link, inbox: PairInbox, steps: PairingSteps, known?: DeviceCard): Promise<Paired> {
  const join = await inbox.expect('join')
  if (known !== undefined && !isSameCard(join.card, known)) {
    throw new PairingError('PAIR_KEY_MISMATCH', 'not the device whose code was compared')
  }
  const { state, message } = await steps.answerJoin(join, link.remotePeerKey)
  await link.send(encodePairMessage(message))
  const paired = await steps.finish(state, await inbox.expect('accept'))
  await link.send(encodePairMessage({ type: 'done' }))
  return paired
}

/** @param known as in {@link takeIn}: then nobody else is followed */
export async function enter(
  link: Link,
  inbox: PairInbox,
  { state, message }: StartedJoin,
  steps: PairingSteps,
  known?: DeviceCard,
): Promise<Paired> {
  await link.send(encodePairMessage(message))
  const offer = await inbox.expect('offer')
  if (known !== undefined && !isSameCard(offer.card, known)) {
    throw new PairingError('PAIR_KEY_MISMATCH', 'not the device whose code was compared')
  }
  const accept = await steps.answerOffer(state, offer)
  await link.send(encodePairMessage(accept))
  await inbox.expect('done')
  return steps.complete(state, offer, accept)
}

/** The other side may be gone already. */
export async function tellRefusal(link: Link, err: unknown): Promise<void> {
  await link.send(encodePairMessage(refusalOf(err))).catch(() => undefined)
}
