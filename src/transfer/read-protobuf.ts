/**
 * Reads OTLP protobuf in whichever framing its first bytes tell. Where framing breaks, the rest of the file cannot be read,
 * and that is said.
 */
import type { Signal } from '../model/lane.ts'
import { FRAMING_BYTES, MessageSplitter, tellFraming } from '../wire/otlp/framing.ts'
import { malformed, OtlpError } from '../wire/otlp/otlp-error.ts'
import { tellSignal } from '../wire/otlp/tell-signal.ts'
import { PendingBytes } from '../wire/pending-bytes.ts'
import { rejected, type FileReader, type Found, type Place } from './found.ts'

export class ProtobufFileReader implements FileReader {
  readonly #signal: Signal | undefined
  readonly #start = new PendingBytes()
  #messages: MessageSplitter | undefined
  #isBroken = false

  /** `signal` is what all messages are of; left out, each is looked at. */
  constructor(signal?: Signal) {
    this.#signal = signal
  }

  *push(bytes: Uint8Array): Generator<Found> {
    if (this.#messages !== undefined) return yield* this.#readAll(bytes)
    this.#start.append(bytes)
    if (this.#start.length >= FRAMING_BYTES) yield* this.#readAll(this.#start.view())
  }

  *finish(): Generator<Found> {
    if (this.#messages === undefined && this.#start.length > 0) yield* this.#readAll(this.#start.view())
    if (this.#isBroken) return
    try {
      this.#messages?.finish()
    } catch (err) {
      yield this.#break(err)
    }
  }

  *#readAll(bytes: Uint8Array): Generator<Found> {
    if (this.#isBroken) return
    try {
      this.#messages ??= begin(bytes)
      for (const message of this.#messages.push(bytes)) yield* this.#read(message)
    } catch (err) {
      yield this.#break(err)
    }
  }

  *#read(bytes: Uint8Array): Generator<Found> {
    if (bytes.length === 0) return
    const place = this.#place()
    try {
      const signal = this.#signal ?? tellSignal(bytes)
      yield signal === undefined ? rejected(place, UNTOLD) : { kind: 'message', place, signal, bytes }
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      yield rejected(place, err)
    }
  }

  #break(err: unknown): Found {
    if (!(err instanceof OtlpError)) throw err
    this.#isBroken = true
    return rejected(this.#place(), { code: err.code, message: `${err.message}; nothing after it can be read` })
  }

  #place(): Place {
    return { unit: 'byte', at: this.#messages?.offset ?? 0 }
  }
}

const UNTOLD = { code: 'IMPORT_SIGNAL', message: 'it cannot be told what its records are: say --signal' }

/** @throws {OtlpError} */
function begin(start: Uint8Array): MessageSplitter {
  const framing = tellFraming(start)
  if (framing === undefined) throw malformed('no message of OTLP begins here, with or without a length before it')
  return new MessageSplitter(framing)
}
