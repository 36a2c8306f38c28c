/**
 * One ceremony from the code on: both people compare it, then one device joins the other over the same link. Whatever one
 * side decides, the other is told, and both come to the same end.
 */
import type { Clock } from '../../base/clock.ts'
import { encodePairMessage } from '../../wire/pair-messages.ts'
import type { Link } from '../link.ts'
import type { Met } from './nearby-exchange.ts'
import type { PairInbox } from './pair-inbox.ts'
import { enter, takeIn, timeLimit, type PairingSteps } from './pair-link.ts'
import { CODES_DIFFER, PairingError } from './pairing-error.ts'
import type { NearbyInviter, Paired, StartedJoin } from './pairing-service.ts'

/** The service's steps for devices without a ticket, asked of another thread. */
export interface NearbySteps extends PairingSteps {
  openNearby(): Promise<void>
  inviteNearby(token: Uint8Array): Promise<void>
  startNearbyJoin(inviter: NearbyInviter): Promise<StartedJoin>
  /** @param name what the other device calls itself */
  codeFailed(code: string, name: string): Promise<void>
}
/** What a person says of a code. */
export type Answer = 'same' | 'differ' | 'cancel'

export interface CeremonyDeps {
  readonly clock: Clock
  readonly link: Link
  readonly inbox: PairInbox
  readonly met: Met
  /** Where it was reached; none if it came to us. */
  readonly addresses: readonly string[]
  readonly steps: NearbySteps
  readonly answer: Promise<Answer>
}

/** Time to compare codes on both devices, in milliseconds. */
export const COMPARE_MS = 60_000

/** @throws {PairingError}, {PairLinkError}, {LinkError}, and what the steps throw; the other side is not told of it here */
export async function completeNearby(deps: CeremonyDeps): Promise<Paired> {
  const { clock, link, inbox, met, addresses, steps } = deps
  await inComparingTime(clock, untilBothAgree(deps))
  const limit = timeLimit(link, clock)
  try {
    if (met.weJoin) {
      inbox.trust()
      const join = await steps.startNearbyJoin({ card: met.other, token: met.token, addresses })
      return await enter(link, inbox, join, steps, met.other)
    }
    await steps.inviteNearby(met.token)
    return await takeIn(link, inbox, steps, met.other)
  } catch (err) {
    throw limit.cause(err)
  } finally {
    limit.cancel()
  }
}

/** Listens while the person thinks, so that the other's word, or its end, is heard at once. */
async function untilBothAgree({ link, inbox, answer }: CeremonyDeps): Promise<void> {
  let haveWe = false
  let haveThey = false
  while (!haveWe || !haveThey) {
    const heard = inbox.peek().then(() => 'heard' as const)
    const said = await Promise.race(haveWe ? [heard] : [answer, heard])
    if (said === 'differ') throw new PairingError('PAIR_CODES_DIFFER', CODES_DIFFER)
    if (said === 'cancel') throw new PairingError('PAIR_CANCELLED', 'nothing was paired')
    if (said === 'same') {
      haveWe = true
      await link.send(encodePairMessage({ type: 'agree' }))
    } else {
      await inbox.expect('agree')
      if (haveThey) throw new PairingError('PAIR_OUT_OF_ORDER', 'the other device agreed twice')
      haveThey = true
    }
  }
}

async function inComparingTime(clock: Clock, agreed: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const cancel = clock.after(COMPARE_MS, () =>
    reject(new PairingError('PAIR_EXPIRED', 'the codes were not confirmed on both devices within a minute')),
  )
  try {
    await Promise.race([agreed, promise])
  } finally {
    cancel()
  }
}
