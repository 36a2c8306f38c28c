/** An export as it comes from the agent (messages behind their lengths) -> OTLP JSON, one message a line. */
import { utf8 } from '../base/bytes.ts'
import type { Signal } from '../model/lane.ts'
import { MessageSplitter } from '../wire/otlp/framing.ts'
import { payloadToJson } from '../wire/otlp/to-json.ts'

export class JsonLinesWriter {
  readonly #messages = new MessageSplitter('u32')
  readonly #signal: Signal

  constructor(signal: Signal) {
    this.#signal = signal
  }

  /** @throws {OtlpError} for what the agent would not send */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    for (const message of this.#messages.push(bytes)) {
      yield utf8(`${JSON.stringify(payloadToJson(this.#signal, message))}\n`)
    }
  }
}
