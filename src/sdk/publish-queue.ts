/**
 * Messages on their way to the agent, at most once: what was sent is never sent again. Bounded: the oldest that is
 * not sent yet makes room.
 */
import type { ModuleMessage } from '../wire/bus-frames.ts'

/** Most messages waiting while the agent is away. */
export const MAX_WAITING_PUBLISHES = 1024
/** Most payload bytes waiting. */
export const MAX_WAITING_PUBLISH_BYTES = 8 * 1_048_576
/** Most messages sent and not yet answered. */
const MAX_UNDER_WAY = 64

export type Publish = Extract<ModuleMessage, { kind: 'publish' }> & { readonly seq: number }

export class PublishQueue {
  #waiting: Publish[] = []
  readonly #underWay = new Set<number>()
  #bytes = 0

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#underWay.size === 0
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
  next(): Publish | undefined {
    if (this.#underWay.size >= MAX_UNDER_WAY) return undefined
    const publish = this.#waiting.shift()
    if (!publish) return undefined
    this.#bytes -= publish.body.length
    this.#underWay.add(publish.seq)
    return publish
  }

  /** @returns false if no such message was under way. */
  settle(seq: number): boolean {
    return this.#underWay.delete(seq)
  }

  /** The connection is gone. @returns how many messages nobody will ever answer for. */
  forgetUnderWay(): number {
    const count = this.#underWay.size
    this.#underWay.clear()
    return count
  }
}
