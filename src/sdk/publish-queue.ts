/**
 * Messages on their way to the agent, at most once: what was sent is never sent again. Bounded: the oldest that is
 * not sent yet makes room.
 *
 * Only every few are numbered: the answer to one is the answer to those before it too (BU46), and answers cost as much as messages.
 */
import type { ModuleMessage } from '../wire/bus-frames.ts'

/** Most messages waiting while the agent is away. */
export const MAX_WAITING_PUBLISHES = 1024
/** Most payload bytes waiting. */
export const MAX_WAITING_PUBLISH_BYTES = 8 * 1_048_576
/** Most messages sent and not yet answered. */
const MAX_UNDER_WAY = 64
/** One of so many is numbered: by the time enough are under way, three answers are due. */
const NUMBERED_EVERY = 16

type Message = Extract<ModuleMessage, { kind: 'publish' }>
export type Publish = Message & { readonly seq: number }

export class PublishQueue {
  #waiting: Publish[] = []
  /** Sent and not answered: how many messages the answer to each number is for. */
  readonly #underWay = new Map<number, number>()
  #sumUnderWay = 0
  /** Of these, sent since the last number. */
  #unnumbered = 0
  #bytes = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#sumUnderWay === 0
  }

  /** @returns how many messages were dropped to make room. */
  add(publish: Publish): number {
    this.#waiting.push(publish)
    this.#bytes += publish.body.length
    let dropped = 0
    while (this.#waiting.length > MAX_WAITING_PUBLISHES || this.#bytes > MAX_WAITING_PUBLISH_BYTES) {
      this.#bytes -= this.#waiting.shift()?.body.length ?? 0
      dropped++
    }
    return dropped
  }

  /** The oldest that waits, which is under way from now; `undefined` if there is none or enough are. */
  next(): Message | undefined {
    if (this.#sumUnderWay >= MAX_UNDER_WAY) return undefined
    const publish = this.#waiting.shift()
    if (!publish) return undefined
    this.#bytes -= publish.body.length
    this.#sumUnderWay++
    this.#unnumbered++
    if (this.#unnumbered === NUMBERED_EVERY) {
      this.confirmBy(publish.seq)
      return publish
    }
    const { kind, envelope, body } = publish
    return { kind, envelope, body }
  }

  /** Whether some that were sent wait for a number that comes after them. */
  get isUnconfirmed(): boolean {
    return this.#unnumbered > 0
  }

  /** A frame of this number is the next that is sent: what was sent before is answered with it. */
  confirmBy(seq: number): void {
    if (this.#unnumbered === 0) return
    this.#underWay.set(seq, this.#unnumbered)
    this.#unnumbered = 0
  }

  /** With a number those before it are done with. @returns false if nothing waits for it */
  settle(seq: number): boolean {
    const count = this.#underWay.get(seq)
    if (count === undefined) return false
    this.#underWay.delete(seq)
    this.#sumUnderWay -= count
    return true
  }

  /** The connection is gone. @returns how many messages nobody will ever answer for. */
  forgetUnderWay(): number {
    const count = this.#sumUnderWay
    this.#underWay.clear()
    this.#sumUnderWay = 0
    this.#unnumbered = 0
    return count
  }
}
