/**
 * Carries the pairing ceremony over a link: frames in and out, one step after another, within a time limit. This is the
 * only thing a stranger can talk to, and it can talk to it only while a ticket is open.
 */
import type { Clock } from '../../base/clock.ts'
import { codeOf, MeshError } from '../../base/errors.ts'
import { FrameDecoder } from '../../wire/frame.ts'
import {
  decodePairMessage,
  encodePairMessage,
  MAX_PAIR_REQUEST_BYTES,
  type PairAccept,
  type PairJoin,
  type PairMessage,
  type PairOffer,
} from '../../wire/pair-messages.ts'
import type { Link } from '../link.ts'
import {
  PairingError,
  refusalOf,
  refusedWith,
  type InviterState,
  type JoinerState,
  type Paired,
} from './pairing-service.ts'

/** The service's steps, asked of another thread. */
export interface PairingSteps {
  answerJoin(join: PairJoin, remotePeerKey: Uint8Array): Promise<{ state: InviterState; message: PairOffer }>
  answerOffer(state: JoinerState, offer: PairOffer): Promise<PairAccept>
  finish(state: InviterState, accept: PairAccept): Promise<Paired>
  complete(state: JoinerState, offer: PairOffer, accept: PairAccept): Promise<Paired>
  failed(code: string): Promise<void>
}

export type PairLinkErrorCode = 'PAIR_TIMEOUT' | 'PAIR_LINK_ENDED'
export class PairLinkError extends MeshError<PairLinkErrorCode> {}

/** Time the whole ceremony may take, in milliseconds: two round trips and a few signatures. */
export const PAIR_TIMEOUT_MS = 15_000

/** The inviter's side of one link. Never throws: whatever goes wrong is told to the other side and recorded. */
export async function serveJoin(link: Link, steps: PairingSteps, clock: Clock): Promise<Paired | undefined> {
  let isLate = false
  const cancel = clock.after(PAIR_TIMEOUT_MS, () => {
    isLate = true
    link.abort()
  })
  try {
    const messages = readMessages(link, MAX_PAIR_REQUEST_BYTES)
    const { state, message } = await steps.answerJoin(await expect(messages, 'join'), link.remotePeerKey)
    await link.send(encodePairMessage(message))
    const paired = await steps.finish(state, await expect(messages, 'accept'))
    await link.send(encodePairMessage({ type: 'done' }))
    return paired
  } catch (err) {
    await link.send(encodePairMessage(refusalOf(err))).catch(() => undefined) // the stranger may be gone already
    await steps.failed(isLate ? 'PAIR_TIMEOUT' : codeOf(err))
    return undefined
  } finally {
    cancel()
    await link.close()
  }
}

/** The joiner's side. @throws {PairingError} `PAIR_REFUSED` with the inviter's code, {PairLinkError}, and what the steps throw */
export async function joinOver(
  link: Link,
  state: JoinerState,
  join: PairJoin,
  steps: PairingSteps,
  clock: Clock,
): Promise<Paired> {
  let isLate = false
  const cancel = clock.after(PAIR_TIMEOUT_MS, () => {
    isLate = true
    link.abort()
  })
  try {
    const messages = readMessages(link)
    await link.send(encodePairMessage(join))
    const offer = await expect(messages, 'offer')
    const accept = await steps.answerOffer(state, offer)
    await link.send(encodePairMessage(accept))
    await expect(messages, 'done')
    return await steps.complete(state, offer, accept)
  } catch (err) {
    throw isLate ? new PairLinkError('PAIR_TIMEOUT', 'the other device did not answer in time', { cause: err }) : err
  } finally {
    cancel()
    await link.close()
  }
}

async function* readMessages(link: Link, maxPayloadBytes?: number): AsyncGenerator<PairMessage> {
  const decoder = new FrameDecoder(maxPayloadBytes === undefined ? {} : { maxPayloadBytes })
  for await (const chunk of link.chunks()) {
    for (const { kind, payload } of decoder.push(chunk)) yield decodePairMessage(kind, payload)
  }
}

async function expect<Type extends PairMessage['type']>(
  messages: AsyncGenerator<PairMessage>,
  type: Type,
): Promise<Extract<PairMessage, { type: Type }>> {
  const next = await messages.next()
  if (next.done) throw new PairLinkError('PAIR_LINK_ENDED', 'the other device ended the connection')
  const message = next.value
  if (message.type === type) return message as Extract<PairMessage, { type: Type }>
  if (message.type === 'refuse') {
    throw refusedWith(message.code)
  }
  throw new PairingError('PAIR_OUT_OF_ORDER', 'not the next step of pairing', { details: { type: message.type } })
}
