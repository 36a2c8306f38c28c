/** A message as its handler sees it. Reading its payload as JSON may throw; everything else cannot. */
import type { Envelope } from '../wire/bus-envelope.ts'

const decoder = new TextDecoder()

export class ReceivedMessage {
  readonly id: string
  readonly topic: string
  /** The module that published it, as its credential names it. */
  readonly source: string
  readonly contentType: string
  readonly conversationId: string | undefined
  /** When it was published, in nanoseconds since the Unix epoch, on the publisher's clock. */
  readonly timeUnixNano: bigint
  readonly payload: Uint8Array

  constructor(envelope: Envelope, payload: Uint8Array) {
    this.id = envelope.id
    this.topic = envelope.topic
    this.source = envelope.source ?? ''
    this.contentType = envelope.content_type
    this.conversationId = envelope.conversation_id
    this.timeUnixNano = BigInt(envelope.time_unix_nano)
    this.payload = payload
  }

  /** The payload as UTF-8 text; what is no UTF-8 becomes U+FFFD. */
  text(): string {
    return decoder.decode(this.payload)
  }

  /** @throws {SyntaxError} if the payload is no JSON. In a handler that ends up on its span, and harms nothing. */
  json(): unknown {
    return JSON.parse(this.text())
  }
}
