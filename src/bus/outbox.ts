/**
 * What waits to be sent to one session. Answers go first and are never dropped: a session that lets them pile up is
 * ended by its owner (`isStuck`). Messages of other modules are dropped, oldest first, and counted, when over a bound.
 */
import type { AgentMessage } from '../wire/bus-frames.ts'

/** Most answers waiting: far more than a module that reads at all can be owed. */
export const MAX_WAITING_ANSWERS = 1024
/** Most messages waiting for one session. */
export const MAX_WAITING_MESSAGES = 1024
/** Most payload bytes waiting for one session. */
export const MAX_WAITING_BYTES = 16 * 1_048_576

type Message = Extract<AgentMessage, { kind: 'message' }>

export class Outbox {
  #answers: AgentMessage[] = []
  #messages: Message[] = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#answers.length === 0 && this.#messages.length === 0
  }

  /** Lost if the session ends. */
  get waitingMessages(): number {
    return this.#messages.length
  }

  get isStuck(): boolean {
    return this.#answers.length > MAX_WAITING_ANSWERS
  }

  answer(message: Exclude<AgentMessage, Message>): void {
    this.#answers.push(message)
  }

  /** @returns how many older messages made room. */
  offer(message: Message): number {
    this.#messages.push(message)
    this.#bytes += message.body.length
    let dropped = 0
    while (this.#messages.length > MAX_WAITING_MESSAGES || this.#bytes > MAX_WAITING_BYTES) {
      this.#bytes -= this.#messages.shift()?.body.length ?? 0
      dropped++
    }
    return dropped
  }

  /** The next to send. If it cannot be sent now, give it back with {@link putBack}. */
  take(): AgentMessage | undefined {
    const answer = this.#answers.shift()
    if (answer) return answer
    const message = this.#messages.shift()
    this.#bytes -= message?.body.length ?? 0
    return message
  }

  putBack(message: AgentMessage): void {
    if (message.kind !== 'message') {
      this.#answers.unshift(message)
      return
    }
    this.#messages.unshift(message)
    this.#bytes += message.body.length
  }
}
