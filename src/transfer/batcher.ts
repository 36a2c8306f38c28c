/**
 * Gathers what readers find into batches of one signal, each worth a request: small messages together, large ones cut.
 * Record bytes never change.
 */
import { concat } from '../base/bytes.ts'
import type { Signal } from '../model/lane.ts'
import { cutMessage } from '../wire/otlp/cut-message.ts'
import { OtlpError } from '../wire/otlp/otlp-error.ts'
import { scanAtDoor } from '../wire/otlp/scan-at-door.ts'
import { rejected, rejectedBy, type Found, type Place, type Rejected } from './found.ts'

export interface Batch {
  readonly signal: Signal
  /** One data message of OTLP protobuf. */
  readonly bytes: Uint8Array
  readonly records: number
  readonly parts: readonly BatchPart[]
}
interface BatchPart {
  readonly place: Place
  readonly bytes: Uint8Array
}
type Message = Extract<Found, { readonly kind: 'message' }>

/** Records of a batch: what SDKs send at once. */
export const BATCH_RECORDS = 512
/** Bytes of a batch, unless one record is larger. */
export const BATCH_BYTES = 1 << 20
const LIMITS = { maxRecords: BATCH_RECORDS, maxBytes: BATCH_BYTES }

export class Batcher {
  readonly #open = new Map<Signal, { readonly parts: BatchPart[]; bytes: number; records: number }>();

  /** Batches that are full, and the message itself as rejected if it cannot be taken apart. */
  *add({ signal, place, bytes }: Message): Generator<Batch | Rejected> {
    try {
      for (const piece of cutMessage(bytes, LIMITS)) {
        const open = this.#open.get(signal)
        const isFull =
          open && (open.records + piece.records > BATCH_RECORDS || open.bytes + piece.bytes.length > BATCH_BYTES)
        if (isFull) yield* this.#flush(signal)
        this.#put(signal, place, piece)
      }
    } catch (err) {
      if (!(err instanceof OtlpError)) throw err
      yield rejected(place, err)
    }
  }

  *finish(): Generator<Batch> {
    for (const signal of this.#open.keys()) yield* this.#flush(signal)
  }

  #put(signal: Signal, place: Place, piece: { readonly bytes: Uint8Array; readonly records: number }): void {
    const open = this.#open.get(signal) ?? { parts: [], bytes: 0, records: 0 }
    this.#open.set(signal, open)
    open.parts.push({ place, bytes: piece.bytes })
    open.bytes += piece.bytes.length
    open.records += piece.records
  }

  *#flush(signal: Signal): Generator<Batch> {
    const open = this.#open.get(signal)
    this.#open.delete(signal)
    if (open === undefined) return
    const { parts, records } = open
    yield { signal, bytes: concat(...parts.map(({ bytes }) => bytes)), records, parts }
  }
}

/** Which parts of a batch hold records that the door refuses, and why: asked when it has refused some. */
export function* findRejected({ signal, parts }: Batch): Generator<Rejected> {
  for (const { place, bytes } of parts) {
    const { rejected: bad } = scanAtDoor(signal, bytes)
    if (bad !== undefined) yield* rejectedBy(place, bad)
  }
}
