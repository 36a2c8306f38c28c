/**
 * Requests to other modules that wait for their answers. An answer comes back on a topic of this run's own and names the
 * message it answers; the first one counts. Bounded, and every request ends: with an answer, a failure, or its timeout.
 */
import type { Clock } from '../base/clock.ts'
import { replyTopic, type Envelope } from '../wire/bus-envelope.ts'
import { ReceivedMessage } from './received-message.ts'
import { SdkError } from './sdk-error.ts'

/** How long an answer is waited for unless told otherwise, in milliseconds. */
export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000
/** Most requests that wait. */
export const MAX_REQUESTS = 1_024

interface Waiting {
  readonly resolve: (answer: ReceivedMessage) => void
  readonly reject: (error: SdkError) => void
}

export class Requests {
  /** Where answers come. */
  readonly inbox: string
  readonly #clock: Pick<Clock, 'after'>
  readonly #waiting = new Map<string, Waiting>()

  constructor(module: string, sessionId: string, clock: Pick<Clock, 'after'>) {
    this.inbox = replyTopic(module, sessionId)
    this.#clock = clock
  }

  /**
   * @param send sends the request under an id of its own; undefined if it could not
   * @throws {SdkError} `SDK_REQUEST_NOT_SENT`, `SDK_REQUEST_TIMEOUT`, `SDK_REQUEST_FAILED`
   */
  async run(send: () => string | undefined, timeoutMs: number): Promise<ReceivedMessage> {
    const id = this.#waiting.size < MAX_REQUESTS ? send() : undefined
    if (id === undefined) throw new SdkError('SDK_REQUEST_NOT_SENT', 'the request was not sent')
    const { promise, resolve, reject } = Promise.withResolvers<ReceivedMessage>()
    this.#waiting.set(id, { resolve, reject })
    const cancel = this.#clock.after(timeoutMs, () =>
      reject(new SdkError('SDK_REQUEST_TIMEOUT', `no answer within ${timeoutMs} ms`)),
    )
    try {
      return await promise
    } finally {
      cancel()
      this.#waiting.delete(id)
    }
  }

  /** @returns whether the message was an answer, waited for or not */
  receive(envelope: Envelope, body: Uint8Array): boolean {
    if (envelope.topic !== this.inbox) return false
    const waiting = this.#waiting.get(envelope.in_reply_to ?? '')
    const failure = envelope.error_type
    if (failure === undefined) waiting?.resolve(new ReceivedMessage(envelope, body))
    else waiting?.reject(new SdkError('SDK_REQUEST_FAILED', 'who was asked failed', { details: { type: failure } }))
    return true
  }
}
