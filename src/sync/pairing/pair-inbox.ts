/** Messages of one pairing link, in order. One may be looked at before it is taken, so that a person can be waited for meanwhile. */
import { FrameDecoder, MAX_PAYLOAD_BYTES } from '../../wire/frame.ts'
import { decodePairMessage, MAX_PAIR_REQUEST_BYTES, type PairMessage } from '../../wire/pair-messages.ts'
import type { Link } from '../link.ts'
import { linkEnded, PairingError, refusedWith } from './pairing-error.ts'

export class PairInbox {
  readonly #decoder: FrameDecoder
  readonly #messages: AsyncGenerator<PairMessage>
  #next: Promise<PairMessage> | undefined

  /** @param maxPayloadBytes what is read until {@link trust}; default: of somebody who has proven nothing */
  constructor(link: Link, maxPayloadBytes: number = MAX_PAIR_REQUEST_BYTES) {
    this.#decoder = new FrameDecoder({ maxPayloadBytes })
    this.#messages = readMessages(link, this.#decoder)
  }

  /** The other side is who it should be: from the next frame on it may say as much as any device. */
  trust(): void {
    this.#decoder.allow(MAX_PAYLOAD_BYTES)
  }

  /** The next message, which stays where it is. @throws {PairLinkError} `PAIR_LINK_ENDED`, {WireError} */
  peek(): Promise<PairMessage> {
    if (this.#next === undefined) {
      this.#next = this.#read()
      this.#next.catch(() => undefined) // told to whoever asks next
    }
    return this.#next
  }

  /** Takes the next message. @throws as {@link peek}, {PairingError} with the code of a refusal, `PAIR_OUT_OF_ORDER` */
  async expect<Type extends PairMessage['type']>(type: Type): Promise<Extract<PairMessage, { type: Type }>> {
    const message = await this.peek()
    this.#next = undefined
    if (message.type === type) return message as Extract<PairMessage, { type: Type }>
    if (message.type === 'refuse') throw refusedWith(message.code)
    throw new PairingError('PAIR_OUT_OF_ORDER', 'not the next step of pairing', { details: { type: message.type } })
  }

  async #read(): Promise<PairMessage> {
    const next = await this.#messages.next()
    if (next.done) throw linkEnded()
    return next.value
  }
}

async function* readMessages(link: Link, decoder: FrameDecoder): AsyncGenerator<PairMessage> {
  for await (const chunk of link.chunks()) {
    for (const { kind, payload } of decoder.push(chunk)) yield decodePairMessage(kind, payload)
  }
}
