/**
 * Pairing with a device nearby, without a ticket: while the door is open this device finds others whose door is open and is
 * found by them; the first with which a code comes about is the one that people compare. One ceremony at a time.
 *
 * Guarantees: nobody is paired whose code was not confirmed on both devices; a code that came about counts as a try whatever
 * becomes of it, so that somebody in between cannot go on until one fits. Rules: docs/spec/pairing.md.
 */
import { compareBytes, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import type { Crypto } from '../../base/crypto.ts'
import { codeOf } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { DeviceId } from '../../model/ids.ts'
import { isPairCode, type PairCode } from '../../model/pair-code.ts'
import type { Link } from '../link.ts'
import { hostOf } from '../links/link-address.ts'
import { COMPARE_MS, completeNearby, type Answer, type NearbySteps } from './nearby-ceremony.ts'
import { answerNearby, callNearby, type Met, type NearbySelf } from './nearby-exchange.ts'
import { MAX_CALLS, OpenDoors, type OpenDoor } from './open-doors.ts'
import { PairInbox } from './pair-inbox.ts'
import { tellRefusal, timeLimit, type TimeLimit } from './pair-link.ts'
import { PairingError } from './pairing-error.ts'
import type { Paired } from './pairing-service.ts'
import { TryLimit } from './try-limit.ts'

export interface NearbyDeps {
  readonly log: Logger
  readonly clock: Clock
  readonly crypto: Crypto
  readonly self: () => NearbySelf
  readonly steps: NearbySteps
  readonly dial: (door: OpenDoor, signal: AbortSignal) => Promise<Link>
  /** It began or ceased to be open, or to be in use. */
  readonly onChange: () => Promise<void>
  /** This link is no stranger's among others any more: a code comes about over it. */
  readonly onCode: (link: Link) => void
}

/** What a person compares. */
export interface Comparison {
  readonly deviceId: DeviceId
  readonly name: string
  readonly code: PairCode
  readonly expiresUnixMs: number
  /** Other devices that wait nearby: perhaps one of them is the one that is meant. */
  readonly others: number
}

/** How long the door stays open for a device that does not come, in milliseconds: long enough to walk there. */
export const DOOR_LIFE_MS = 300_000
/** How often it is looked whether somebody can be called, in milliseconds. */
const LOOK_MS = 500

/** From the command that opens it to a code, or to an end without one. */
interface Door {
  /** It is in the audit log, and this device has a mesh to take others into. */
  isReady: boolean
  readonly compared: PromiseWithResolvers<Comparison>
  readonly cancel: () => void
  waiting: number
}
/** How we came by a link. */
interface Side {
  readonly role: 'caller' | 'answerer'
  /** Where the other device was reached. */
  readonly addresses: readonly string[]
}
/** A door that is being called, at a host. */
interface Call {
  readonly abort: AbortController
  readonly host: string
  /** Somebody has answered there. */
  isAnswered: boolean
}
/** The one link with which a code comes, or came, about. */
interface Ceremony {
  readonly link: Link
  readonly answer: PromiseWithResolvers<Answer>
  readonly outcome: PromiseWithResolvers<Paired>
  /** Undefined until the code is there. */
  comparison: Comparison | undefined
}

export class NearbyPairing {
  readonly #deps: NearbyDeps
  readonly #tries: TryLimit
  readonly #doors: OpenDoors
  readonly #calls = new Map<string, Call>()
  #door: Door | undefined
  #ceremony: Ceremony | undefined
  /** How the last one ended, for whoever asks late. */
  #lastEnd: Promise<Paired> | undefined

  constructor(deps: NearbyDeps) {
    this.#deps = deps
    const monotonic = (): number => deps.clock.monotonic()
    this.#tries = new TryLimit(monotonic)
    this.#doors = new OpenDoors(deps.self().card.peerKey, monotonic)
  }

  /** Whether it should be announced, and strangers may come. */
  isOpen(): boolean {
    return this.#door?.isReady === true && this.#ceremony === undefined
  }

  /** Whether the network is needed. */
  isActive(): boolean {
    return this.#door !== undefined || this.#ceremony !== undefined
  }

  /**
   * Waits for a device nearby, and answers when there is a code to compare; at once if there is one. Whoever asks last and
   * goes away closes the door.
   * @throws {PairingError} `PAIR_PAUSED`, `PAIR_NOBODY_NEARBY`, and whatever ended the ceremony before there was a code
   */
  async open(signal: AbortSignal): Promise<Comparison> {
    const now = this.#ceremony?.comparison
    if (now !== undefined) return now
    this.#tries.require()
    const door = (this.#door ??= this.#newDoor())
    door.waiting++
    const leave = (): void => {
      door.waiting--
      if (door.waiting === 0) this.#close(door, new PairingError('PAIR_CANCELLED', 'nobody waits for it any more'))
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    try {
      return await door.compared.promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /**
   * What a person says who compared. A text is the code that the other device shows: any other than ours means that they differ.
   * @returns the device that is paired now
   * @throws {PairingError} with how it ended, `PAIR_NOTHING_TO_COMPARE`; `PAIR_CODE_FORMAT` for a text that is no code
   */
  async say(answer: 'same' | { readonly code: string }): Promise<Paired> {
    const { comparison } = this.#ceremony ?? {}
    if (this.#ceremony === undefined || comparison === undefined) return this.#ended()
    const { outcome } = this.#ceremony
    this.#ceremony.answer.resolve(typeof answer === 'string' ? answer : judge(answer.code, comparison.code))
    return outcome.promise
  }

  /** Ends the ceremony that is under way; the other device is told why. @throws {PairingError} `PAIR_NOTHING_TO_COMPARE` */
  async reject(answer: 'differ' | 'cancel'): Promise<void> {
    if (this.#ceremony?.comparison === undefined) throw nothingToCompare()
    const { outcome } = this.#ceremony
    this.#ceremony.answer.resolve(answer)
    await outcome.promise.catch(() => undefined) // that it ended is what was asked for
  }

  /** How the ceremony ends that is under way, or how the last one did. @throws as {@link say} */
  outcome(): Promise<Paired> {
    return this.#ceremony?.outcome.promise ?? this.#ended()
  }

  /** Doors that are open nearby now. */
  found(doors: readonly OpenDoor[]): void {
    if (!this.isOpen()) return
    this.#doors.set(doors)
    this.#look()
  }

  /** A stranger's link that begins with `seek`; never throws. */
  async answer(link: Link, inbox: PairInbox, limit: TimeLimit): Promise<Paired | undefined> {
    const key = toHex(link.remotePeerKey)
    return this.#run(link, inbox, limit, { role: 'answerer', addresses: [] }, () => {
      if (!this.isActive()) throw new PairingError('PAIR_NOT_OPEN', 'no device nearby is waited for')
      this.#requireTurn(link)
      this.#calls.get(key)?.abort.abort()
      return answerNearby(this.#exchange(link, inbox))
    })
  }

  /** Ends everything: the mesh closes. */
  stop(): void {
    if (this.#door)
      this.#close(this.#door, new PairingError('PAIR_CANCELLED', 'the agent stops, or pairing was closed'))
    this.#ceremony?.answer.resolve('cancel')
  }

  #newDoor(): Door {
    const { clock } = this.#deps
    const cancels = [
      clock.every(LOOK_MS, () => this.#look()),
      clock.after(DOOR_LIFE_MS, () =>
        this.#close(door, new PairingError('PAIR_NOBODY_NEARBY', 'no device nearby was found that waits to be paired')),
      ),
    ]
    const door: Door = {
      compared: Promise.withResolvers(),
      waiting: 0,
      isReady: false,
      cancel: () => {
        for (const cancel of cancels) cancel()
      },
    }
    door.compared.promise.catch(() => undefined) // told to whoever waits
    void this.#opened(door)
    return door
  }

  async #opened(door: Door): Promise<void> {
    try {
      await this.#deps.steps.openNearby()
      door.isReady = true
      await this.#deps.onChange()
    } catch (err) {
      this.#close(door, err)
    }
  }

  /** @param why undefined if there is a code */
  #close(door: Door, why?: unknown): void {
    if (this.#door !== door) return
    this.#door = undefined
    door.cancel()
    this.#doors.clear()
    for (const { abort } of this.#calls.values()) abort.abort()
    if (why !== undefined) door.compared.reject(why)
    void this.#changed()
  }

  /** One door of a host at a time: whoever announces many keeps no other from being called. */
  #look(): void {
    if (!this.isOpen()) return
    for (const door of this.#doors.due()) {
      const calls = [...this.#calls.values()]
      const host = hostOf(door.addresses[0] ?? '')
      if (calls.length < MAX_CALLS && !calls.some((call) => call.host === host)) void this.#call(door, host)
    }
  }

  async #call(door: OpenDoor, host: string): Promise<void> {
    const key = toHex(door.peerKey)
    const abort = new AbortController()
    const call: Call = { abort, host, isAnswered: false }
    this.#calls.set(key, call)
    try {
      const link = await this.#deps.dial(door, abort.signal)
      call.isAnswered = true
      const cut = (): void => {
        if (this.#ceremony?.link !== link) link.abort()
      }
      abort.signal.addEventListener('abort', cut, { once: true })
      const limit = timeLimit(link, this.#deps.clock)
      const inbox = new PairInbox(link)
      await this.#run(link, inbox, limit, { role: 'caller', addresses: door.addresses }, () =>
        callNearby(this.#exchange(link, inbox)),
      )
      limit.cancel()
      await link.close()
    } catch (err) {
      this.#deps.log.debug({ code: codeOf(err) }, 'a device nearby could not be called')
    } finally {
      this.#calls.delete(key)
      this.#doors.later(door.peerKey)
    }
  }

  /**
   * Of two that call each other, the call of the one with the lower key goes on, unless it has not come through: perhaps it
   * never does. @throws {PairingError} `PAIR_BUSY`
   */
  #requireTurn({ remotePeerKey }: Link): void {
    const isCalled = this.#calls.get(toHex(remotePeerKey))?.isAnswered === true
    const oursGoesOn = compareBytes(this.#deps.self().card.peerKey, remotePeerKey) < 0
    if (this.#ceremony !== undefined || (isCalled && oursGoesOn)) throw busy()
  }

  #exchange(link: Link, inbox: PairInbox) {
    const { crypto, self } = this.#deps
    return { crypto, self: self(), link, inbox, beforeCode: () => this.#take(link) }
  }

  /** From here on a code comes about: this link is the ceremony, and counts as a try. */
  #take(link: Link): void {
    if (this.#ceremony !== undefined || this.#door === undefined) throw busy()
    this.#tries.count()
    const outcome = Promise.withResolvers<Paired>()
    outcome.promise.catch(() => undefined) // told to whoever asks
    this.#ceremony = { link, answer: Promise.withResolvers(), outcome, comparison: undefined }
    this.#deps.onCode(link)
  }

  async #run(
    link: Link,
    inbox: PairInbox,
    limit: TimeLimit,
    { role, addresses }: Side,
    meet: () => Promise<Met>,
  ): Promise<Paired | undefined> {
    let met: Met | undefined
    try {
      met = await meet()
      limit.cancel()
      const paired = await this.#compare(link, inbox, met, addresses)
      this.#tries.succeeded()
      this.#end(link, () => paired)
      return paired
    } catch (err) {
      const cause = limit.cause(err)
      await tellRefusal(link, cause)
      await this.#record(link, met, codeOf(cause), role)
      this.#end(link, () => {
        throw cause
      })
      return undefined
    }
  }

  async #compare(link: Link, inbox: PairInbox, met: Met, addresses: readonly string[]): Promise<Paired> {
    const { clock, steps } = this.#deps
    const ceremony = this.#ceremony as Ceremony
    const { other, code } = met
    const others = Math.max(0, this.#doors.size - 1)
    const expiresUnixMs = Math.floor(clock.now() + COMPARE_MS)
    const comparison = { deviceId: other.deviceId, name: other.name, code, expiresUnixMs, others }
    ceremony.comparison = comparison
    const door = this.#door
    if (door !== undefined) {
      this.#close(door)
      door.compared.resolve(comparison)
    }
    return completeNearby({ clock, link, inbox, met, addresses, steps, answer: ceremony.answer.promise })
  }

  /** Before a code it is a stranger's failure, and none if we could not reach one; after it, it concerns a person. */
  async #record(link: Link, met: Met | undefined, code: string, role: Side['role']): Promise<void> {
    const { steps, log } = this.#deps
    if (code === 'PAIR_CODES_DIFFER') this.#doors.reject(link.remotePeerKey)
    const isUnreached = role === 'caller' && this.#ceremony?.link !== link
    if (isUnreached) return log.debug({ code }, 'a device nearby did not answer')
    try {
      await (met === undefined ? steps.failed(code) : steps.codeFailed(code, met.other.name))
    } catch (err) {
      log.error({ code, err }, 'a failed pairing could not be recorded')
    }
  }

  /** The ceremony of this link is over, if it was one. */
  #end(link: Link, how: () => Paired): void {
    const ceremony = this.#ceremony
    if (ceremony?.link !== link) return
    this.#ceremony = undefined
    const end = ceremony.outcome
    try {
      end.resolve(how())
    } catch (err) {
      end.reject(err)
      // Without a code nobody was asked anything: a device that is busy now may be free soon.
      if (this.#door && codeOf(err) !== 'PAIR_BUSY') this.#close(this.#door, err)
    }
    this.#lastEnd = end.promise
    void this.#changed()
  }

  async #ended(): Promise<Paired> {
    const last = this.#lastEnd
    this.#lastEnd = undefined
    if (last !== undefined) return last
    throw nothingToCompare()
  }

  async #changed(): Promise<void> {
    await this.#deps.onChange().catch((err: unknown) => this.#deps.log.error({ err }, 'the mesh could not follow'))
  }
}

/** @throws {PairingError} `PAIR_CODE_FORMAT` */
function judge(text: string, code: PairCode): Answer {
  const isSame = isPairCode(text, code)
  if (isSame === undefined) {
    throw new PairingError(
      'PAIR_CODE_FORMAT',
      'that is no code: name the seven pictures of the other device in order, or its three numbers',
    )
  }
  return isSame ? 'same' : 'differ'
}

function nothingToCompare(): PairingError {
  return new PairingError('PAIR_NOTHING_TO_COMPARE', 'there is no code to compare: run `aico-mesh pair nearby` first')
}

function busy(): PairingError {
  return new PairingError('PAIR_BUSY', 'this device is comparing codes with another device')
}
